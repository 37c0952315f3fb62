"""A failed job with a zero date, which MySQL allows and old tables contain."""

from sqlalchemy import text

from bot.background.failures import index_once
from bot.slack.home import draw
from tests.kit.queues import TestQueue
from tests.kit.replicas import ANA, TEAM, ask, codes, hold, make_setup


def test_lists_and_home_work_with_a_failed_job_without_a_time(
    mariadb_queue: TestQueue,
) -> None:
    setup = make_setup(mariadb_queue)
    for failed_id in (11, 12):
        mariadb_queue.fail(failed_id)
    with mariadb_queue.engine.begin() as connection:
        connection.execute(text("SET sql_mode = ''"))
        connection.execute(text("UPDATE failed_jobs SET failed_at = '0000-00-00' WHERE id = 11"))
    index_once(setup, hold(setup))
    outcomes = [ask(setup, one) for one in ("failed", "failed-job 11")]
    assert codes(outcomes) == ["ok"] * 2
    assert "0000-00-00 00:00:00" in str(outcomes[0].result)
    drawn = str(draw(setup, ANA, TEAM).blocks)
    assert "Failed job 11" in drawn
    assert "Failed job 12" in drawn
