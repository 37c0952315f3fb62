"""A ring is heard by every loop, also by one that was at work."""

from time import monotonic

from bot.background.wake_signal import WakeSignal
from tests.kit.concurrency import at_once

LONG = 15.0


def test_every_thread_that_waits_hears_one_ring() -> None:
    bell = WakeSignal()
    began = monotonic()
    waiting = [lambda: bell.wait(0, LONG) for _ in range(3)]
    assert at_once(*waiting, bell.ring)[:3] == [1, 1, 1]
    assert monotonic() - began < LONG


def test_a_ring_while_a_loop_is_at_work_is_heard_when_it_waits_next() -> None:
    bell = WakeSignal()
    bell.ring()
    bell.ring()
    assert bell.wait(0, LONG) == 2
    assert bell.wait(1, LONG) == 2


def test_without_a_ring_the_wait_ends_with_its_time() -> None:
    assert WakeSignal().wait(0, 0.01) == 0
