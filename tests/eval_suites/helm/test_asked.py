"""Which items are asked: those that HELM itself drew from as many."""

from eval_suites.helm.asked import places


def test_few_items_are_all_asked() -> None:
    assert places(1000) == list(range(1000))
    assert places(3, before=997) == [0, 1, 2]
    assert places(0) == []


def test_of_many_items_those_of_helm_are_asked() -> None:
    of_gsm = places(1319)
    assert len(of_gsm) == 1000
    assert of_gsm[:12] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]
    assert sum(of_gsm) == 656_743

    of_med_qa = places(1273, before=1272)
    assert len(of_med_qa) == 503
    assert of_med_qa[:8] == [1, 5, 7, 8, 12, 13, 15, 20]
    assert of_med_qa[-3:] == [1264, 1266, 1268]


def test_other_limits() -> None:
    assert len(places(50, most=10)) == 10
    assert all(0 <= place < 50 for place in places(50, before=200, most=10))
