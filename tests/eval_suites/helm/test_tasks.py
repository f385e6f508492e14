"""The suite `helm_lite` from files to scores: prompts as HELM writes them, letter by letter, and every scenario."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from eval_suites import engine, suites
from eval_suites.asking import Asker
from eval_suites.engine import TaskResult
from eval_suites.harness import Harness
from eval_suites.models.responses import Request, Response
from eval_suites.store import InMemory
from tests.eval_suites.helm import punkt

SUBJECTS = ("abstract_algebra", "college_chemistry", "computer_security", "econometrics", "us_foreign_policy")
TYPES = ("Algebra", "Counting & Probability", "Geometry", "Intermediate Algebra", "Number Theory", "Prealgebra",
         "Precalculus")  # fmt: skip
LEGAL = {
    "abercrombie": ("text",),
    "corporate_lobbying": ("bill_title", "bill_summary", "company_name", "company_description"),
    "international_citizenship_questions": ("question",),
    "function_of_decision_section": ("Paragraph",),
    "proa": ("text",),
}
LANGUAGES = ("cs", "de", "fr", "hi", "ru")
SCENARIOS = 10


class Says:
    """Answers a prompt by a function."""

    key = "says"
    about: Mapping[str, Any] = {}

    def __init__(self, answer: Callable[[str], str]) -> None:
        self._answer = answer
        self.settings: list[Mapping[str, Any]] = []

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for number, request in enumerate(requests):
            self.settings.append(request.settings)
            yield number, Response(text=self._answer(request.context))

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return "".join(f"<{one['role']}>{one['content']}" for one in messages)


def _rows() -> dict[str, list[dict[str, Any]]]:
    """Two examples and two items for each task, in the form of the hub's data sets."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for split in ("train", "valid", "test"):
        rows[f"narrative_qa_{split}"] = [
            {"document": {"id": f"{split}{i}", "summary": {"text": f"Story {i} of {split}. "}},
             "question": {"text": "Who is it"}, "answers": [{"text": f"Man {i}"}, {"text": "he"}]}
            for i in range(2)
        ]  # fmt: skip
    page = "<p>It is in Rome.</p>"
    rows["nq-dev"] = [
        {"question": {"text": f"where is it {i}"}, "document": {"html": page},
         "annotations": [{"long_answer": {"start_byte": 0, "end_byte": len(page)},
                          "short_answers": [{"start_byte": 12, "end_byte": 16}]}]}
        for i in range(4)
    ]  # fmt: skip
    for split in ("train", "test"):
        rows[f"openbookqa_{split}"] = [
            {"question_stem": f"What is {split} {i}?", "choices": {"text": ["w", "x", "y", "z"]}, "answerKey": "C"}
            for i in range(2)
        ]
        rows[f"math_{split}"] = [
            {"problem": f"{split} {of} {i}", "solution": f"So \\boxed{{{i}}}.", "type": of, "level": "Level 1"}
            for of in TYPES
            for i in range(2)
        ]
        rows[f"gsm8k_{split}"] = [
            {"question": f"How many {split} {i}?", "answer": f"1+{i}\n=<<1+{i}={1 + i}>>{1 + i}\n#### {1 + i}"}
            for i in range(2)
        ]
        rows[f"legalbench_{split}"] = [
            {"subject": subset, **{name: f"{name} {split} {i}" for name in columns}, "answer": "Yes"}
            for subset, columns in LEGAL.items()
            for i in range(2)
        ]
        rows[f"med_qa_{split}"] = [
            {"question": f"What has {split} {i}?", "options": {"A": "flu", "B": 'cold"', "C": "cut", "D": "burn"},
             "answer_idx": "B"}
            for i in range(2)
        ]  # fmt: skip
        rows[f"wmt_14_{split}"] = [
            {"subject": f"{one}-en", "translation": {one: f"{one} {split} {i}", "en": f"This is {split} sentence {i}."}}
            for one in LANGUAGES
            for i in range(2)
        ]
    rows["mmlu"] = [
        {"subject": subject, "question": f"Q {i}?", "choices": ["p", "q", "r", "s"], "answer": 1}
        for subject in SUBJECTS
        for i in range(7)
    ]
    return rows


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    punkt.install(tmp_path / "nltk", monkeypatch)
    folder = tmp_path / "data"
    folder.mkdir()
    for name, rows in _rows().items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def tasks(data: Path) -> engine.Tasks:
    return engine.Tasks(suites.load("helm_lite"), data=str(data))


def prompt(tasks: engine.Tasks, name: str, item: int = 0) -> str:
    task = tasks.leaves[name][0]
    return str(task.fewshot_context(task.eval_docs[item], task.config.num_fewshot))


def test_every_scenario_has_its_items(tasks: engine.Tasks) -> None:
    assert len(tasks.suite.tasks) == SCENARIOS
    assert len(tasks.leaves) == 6 + len(SUBJECTS) + len(TYPES) + len(LEGAL) + len(LANGUAGES)
    assert tasks.left_out == []
    assert {len(task.eval_docs) for task, _ in tasks.leaves.values()} == {2}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "helm_narrative_qa",
            "Passage: Story 0 of train.\nQuestion: Who is it?\nAnswer: Man 0\n\n"
            "Passage: Story 1 of train.\nQuestion: Who is it?\nAnswer: Man 1\n\n"
            "Passage: Story 0 of test.\nQuestion: Who is it?\nAnswer:",
        ),
        (
            "helm_natural_qa_openbook",
            "Passage: It is in Rome.\n\nQuestion: Where is it 2?\nAnswer: Rome\n\n"
            "Passage: It is in Rome.\n\nQuestion: Where is it 0?\nAnswer: Rome\n\n"
            "Passage: It is in Rome.\n\nQuestion: Where is it 1?\nAnswer:",
        ),
        (
            "helm_natural_qa_closedbook",
            "Question: Where is it 2?\nAnswer: Rome\n\nQuestion: Where is it 0?\nAnswer: Rome\n\n"
            "Question: Where is it 1?\nAnswer:",
        ),
        (
            "helm_openbookqa",
            "The following are multiple choice questions (with answers) about common sense.\n\n"
            "Question: What is train 1?\nA. w\nB. x\nC. y\nD. z\nAnswer: C\n\n"
            "Question: What is train 0?\nA. w\nB. x\nC. y\nD. z\nAnswer: C\n\n"
            "Question: What is test 0?\nA. w\nB. x\nC. y\nD. z\nAnswer:",
        ),
        (
            "helm_math_geometry",
            "Given a mathematics problem, determine the answer. Simplify your answer as much as possible.\n###\n"
            "Problem: train Geometry 0\nAnswer: So \\boxed{0}.\n###\nProblem: train Geometry 1\nAnswer: So \\boxed{1}.\n"
            "###\nProblem: test Geometry 1\nAnswer:",
        ),
        (
            "helm_gsm",
            "Q: How many train 0?\nA: 1+0 =<<1+0=1>>1 The answer is 1.\n\n"
            "Q: How many train 1?\nA: 1+1 =<<1+1=2>>2 The answer is 2.\n\nQ: How many test 0?\nA:",
        ),
        (
            "helm_legalbench_corporate_lobbying",
            "You are a lobbyist analyzing Congressional bills for their impacts on companies. Given the title and summary of "
            "the bill, plus information on the company from its 10K SEC filing, it is your job to determine if a bill is at "
            "least somewhat relevant to a company in terms of whether it could impact the company's bottom-line if it was "
            "enacted (by saying Yes or No).\n\n"
            "Official title of bill: bill_title train 1\nOfficial summary of bill: bill_summary train 1\n"
            "Company name: company_name train 1\nCompany business description: company_description train 1\nLabel: Yes\n\n"
            "Official title of bill: bill_title train 0\nOfficial summary of bill: bill_summary train 0\n"
            "Company name: company_name train 0\nCompany business description: company_description train 0\nLabel: Yes\n\n"
            "Official title of bill: bill_title test 0\nOfficial summary of bill: bill_summary test 0\n"
            "Company name: company_name test 0\nCompany business description: company_description test 0\nLabel:",
        ),
        (
            "helm_med_qa",
            "The following are multiple choice questions (with answers) about medicine.\n\n"
            "Question: What has train 1?\nA. flu\nB. cold\nC. cut\nD. burn\nAnswer: B\n\n"
            "Question: What has train 0?\nA. flu\nB. cold\nC. cut\nD. burn\nAnswer: B\n\n"
            "Question: What has test 0?\nA. flu\nB. cold\nC. cut\nD. burn\nAnswer:",
        ),
        (
            "helm_wmt_14_cs_en",
            "Translate the following sentences from Czech to English.\n"
            "Czech: cs train 0\nEnglish: This is train sentence 0.\n\nCzech: cs test 0\nEnglish:",
        ),
    ],
)  # fmt: skip
def test_prompts_are_those_of_helm(tasks: engine.Tasks, name: str, expected: str) -> None:
    assert prompt(tasks, name) == expected


def test_mmlu_shows_five_questions(tasks: engine.Tasks) -> None:
    shown = prompt(tasks, "helm_mmlu_us_foreign_policy")
    about = "The following are multiple choice questions (with answers) about us foreign policy.\n\n"
    questions = [f"Question: Q {i}?\nA. p\nB. q\nC. r\nD. s\nAnswer:" for i in (5, 4, 2, 1, 3, 0)]
    assert shown.startswith(about)
    assert shown.endswith(questions[0])
    assert sorted(shown.removeprefix(about).split("\n\n")) == sorted(
        [*(f"{one} B" for one in questions[1:]), questions[0]]
    )


def test_definitions_of_legalbench_keep_their_lines(tasks: engine.Tasks) -> None:
    lines = prompt(tasks, "helm_legalbench_function_of_decision_section").split("\n")
    assert lines[:3] == [
        "Classify the following text using the following definitions.",
        "",
        "- Facts: The paragraph describes the factual background that led up to the present lawsuit.",
    ]
    assert [line.split(":")[0] for line in lines[2:9]] == [
        f"- {name}" for name in ("Facts", "Procedural History", "Issue", "Rule", "Analysis", "Conclusion", "Decree")
    ]
    assert lines[9:12] == ["", "Text: Paragraph train 1", "Function: Yes"]


def test_a_chat_is_one_message_that_explains_the_examples(tasks: engine.Tasks) -> None:
    harness = Harness(Asker(Says(lambda _: ""), InMemory()))
    task = tasks.leaves["helm_gsm"][0]
    told = task.fewshot_context(
        task.eval_docs[0], 1, apply_chat_template=True, fewshot_as_multiturn=True,
        chat_template=harness.apply_chat_template,
    )  # fmt: skip
    assert told == (
        "<user>Here are some input-output examples. Read the examples carefully to figure out the mapping. The output of "
        "the last example is not given, and your job is to figure out what it is.\n\n"
        "Q: How many train 0?\nA: 1+0 =<<1+0=1>>1 The answer is 1.\n\nQ: How many test 0?\nA:\n\n"
        "Please provide the output to this last example. It is critical to follow the format of the preceding outputs!\nA:"
    )
    with_letters = tasks.leaves["helm_med_qa"][0]
    plain = prompt(tasks, "helm_med_qa")
    shown = with_letters.fewshot_context(
        with_letters.eval_docs[0], 5, apply_chat_template=True, chat_template=harness.apply_chat_template
    )
    assert shown == f"<user>{plain}"


def scored(tasks: engine.Tasks, answer: Callable[[str], str], *, chat: bool = False) -> dict[str, TaskResult]:
    return {one.task: one for one in engine.run(tasks, Harness(Asker(Says(answer), InMemory())), chat=chat)}


def mean(result: TaskResult) -> float:
    values = [item.value for metric in result.metrics if metric.name == result.primary for item in metric.items]
    return sum(values) / len(values)


def test_right_answers_are_right_in_every_scenario(tasks: engine.Tasks) -> None:
    right = {
        prompt(tasks, name, item): f" {doc['target']}"
        for name, (task, _) in tasks.leaves.items()
        for item, doc in enumerate(task.eval_docs)
    }
    results = scored(tasks, lambda asked: right[asked])
    assert {name: mean(one) for name, one in results.items()} == dict.fromkeys(tasks.leaves, 1.0)
    assert {one.unparsed for one in results.values()} <= {0.0, None}
    assert {one.shots for name, one in results.items() if "math" in name} == {8}


def test_other_answers_are_wrong_and_unread_ones_are_counted(tasks: engine.Tasks) -> None:
    results = scored(tasks, lambda asked: " Qqq zzz." if asked.endswith("0\nAnswer:") else "", chat=True)
    assert {mean(one) for one in results.values()} == {0.0}
    read = {name.removeprefix("helm_").split("_")[0]: one.unparsed for name, one in results.items()}
    assert read == {
        "narrative": None, "natural": None, "openbookqa": 1.0, "mmlu": 1.0, "math": 1.0, "gsm": 1.0, "legalbench": None,
        "med": 1.0, "wmt": None,
    }  # fmt: skip


def test_requests_have_the_limits_of_helm(tasks: engine.Tasks) -> None:
    settings = {name: task.config.generation_kwargs for name, (task, _) in tasks.leaves.items()}
    limits = {name: (one["until"], one["max_gen_toks"]) for name, one in settings.items()}
    assert limits["helm_mmlu_econometrics"] == limits["helm_openbookqa"] == limits["helm_med_qa"] == ([], 1)
    assert limits["helm_narrative_qa"] == (["\n"], 100)
    assert limits["helm_natural_qa_openbook"] == limits["helm_natural_qa_closedbook"] == (["\n"], 300)
    assert limits["helm_gsm"] == (["\n\n"], 400)
    assert limits["helm_math_algebra"] == (["###"], 400)
    assert limits["helm_legalbench_proa"] == (["\n"], 30)
    assert limits["helm_wmt_14_hi_en"] == (["\n\n"], 100)
    assert {one["temperature"] for one in settings.values()} == {0.0}


def test_fewer_examples_than_wanted_are_all_shown(data: Path) -> None:
    loaded = engine.Tasks(suites.load("helm_lite"), shots=1, data=str(data))
    assert prompt(loaded, "helm_gsm").count("Q:") == 2
    assert prompt(loaded, "helm_openbookqa").startswith("The following are")


def test_wrong_rows_name_the_task(data: Path) -> None:
    (data / "gsm8k_test.jsonl").write_text('{"problem": "x"}\n')
    (data / "openbookqa_test.jsonl").write_text(
        '{"question_stem": "x", "choices": {"text": ["a"], "label": ["A"]}, "answerKey": "E"}\n'
    )
    with pytest.raises(UserError) as told:
        engine.Tasks(suites.load("helm_lite"), data=str(data))
    assert "2 of 10 tasks cannot be loaded: helm_openbookqa" in str(told.value)
    assert "row 0 of the data: the answer 'E' is none of its 1 choices" in str(told.value)
    assert "helm_gsm (the data have no column 'question'; they have problem" in str(told.value)
