import pytest

from playvoice.calls.causes import cause_of, is_for_next_trunk


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (300, 10020), (400, 10024), (401, 10025), (403, 10025), (404, 10014), (407, 10025), (408, 10015),
        (410, 10027), (416, 10017), (480, 10009), (482, 10024), (483, 10024), (484, 10017), (485, 10024),
        (486, 10006), (487, 10016), (488, 10004), (499, 10020), (500, 10004), (503, 10004), (504, 10015),
        (600, 10006), (603, 10003), (604, 10014), (606, 10004), (607, 10003), (699, 10020),
    ],
)  # fmt: skip
def test_a_final_status_has_the_cause_of_the_contract(status: int, cause: int) -> None:
    assert cause_of(status) == cause


@pytest.mark.parametrize(
    ("q850", "cause"),
    [
        (1, 10014),
        (17, 10006),
        (18, 10016),
        (19, 10016),
        (20, 10009),
        (21, 10003),
        (22, 10027),
        (28, 10017),
        (34, 10004),
    ],
)
def test_a_q850_reason_overrides_the_status(q850: int, cause: int) -> None:
    assert cause_of(480, q850) == cause


def test_an_unknown_q850_reason_changes_nothing() -> None:
    assert cause_of(486, 127) == 10006


@pytest.mark.parametrize("status", [401, 403, 407, 408, 488, 500, 503, 599])
def test_the_next_trunk_is_tried_unless_the_callee_was_reached(status: int) -> None:
    assert is_for_next_trunk(status, rang=False)
    assert not is_for_next_trunk(status, rang=True)


@pytest.mark.parametrize("status", [302, 404, 480, 486, 487, 600, 603])
def test_what_the_callee_said_is_final(status: int) -> None:
    assert not is_for_next_trunk(status, rang=False)
