"""Every loop gets each notification, even if it was busy."""

from time import monotonic

from bot.background.wake_signal import WakeSignal
from tests.kit.concurrency import at_once

LONG = 15.0


def test_one_notification_wakes_every_waiting_thread() -> None:
    signal = WakeSignal()
    began = monotonic()
    waiting = [lambda: signal.wait(0, LONG) for _ in range(3)]
    assert at_once(*waiting, signal.notify)[:3] == [1, 1, 1]
    assert monotonic() - began < LONG


def test_a_notification_during_work_ends_the_next_wait_at_once() -> None:
    signal = WakeSignal()
    signal.notify()
    signal.notify()
    assert signal.wait(0, LONG) == 2
    assert signal.wait(1, LONG) == 2


def test_a_wait_without_a_notification_ends_after_its_timeout() -> None:
    assert WakeSignal().wait(0, 0.01) == 0
