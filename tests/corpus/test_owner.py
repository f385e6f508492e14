import os
import subprocess
import sys
import time

from corpus import owner


def test_tokens_differ_and_name_this_process() -> None:
    one, two = owner.new_token(), owner.new_token()
    assert one != two
    assert owner.is_token(one)
    assert "-" not in one
    assert owner.is_here(one)
    assert owner.is_mine(one)
    assert owner.is_gone(one) is False
    assert not owner.is_token("x")
    assert not owner.is_token("a.b.c.d")


def test_a_process_that_ended_is_gone_also_before_its_parent_looks() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    host = owner.new_token().split(".")[0]
    token = f"{host}.{process.pid}.{owner.start_of(process.pid)}.00000000"
    assert owner.is_gone(token) is False
    assert not owner.is_mine(token)
    process.kill()
    while owner.is_gone(token) is False:  # a zombie, soon
        time.sleep(0.01)
    assert owner.is_gone(token) is True
    process.communicate()
    assert owner.is_gone(token) is True


def test_a_number_used_again_is_another_process_and_other_hosts_cannot_be_seen() -> None:
    host, pid, start, random = owner.new_token().split(".")
    assert owner.is_gone(f"{host}.{pid}.{int(start) + 1}.{random}") is True
    assert owner.is_gone(f"00000000.{pid}.{start}.{random}") is None
    assert owner.is_gone("") is None


def test_a_fork_is_another_process() -> None:
    token = owner.new_token()
    child = os.fork()
    if not child:
        os._exit(int(owner.is_mine(token)))
    assert os.waitpid(child, 0)[1] == 0
