"""The limits of an operator's bulk changes: one change, and the changes of the last minutes."""

from dataclasses import replace
from datetime import timedelta

from bot.access.roles import Need
from bot.app.command import Command
from bot.app.work import Work
from bot.models.actions import Action
from bot.models.operations import OPERATOR_ROWS
from bot.models.refusals import Denied
from bot.models.roles import Role
from bot.store import leases
from bot.store.operations import operations


def check_role(work: Work, action: Action, total: int) -> None:
    """Raise `Denied` if the person may not change `total` rows at once."""
    needed = need_of(work.setup.commands[action.name], total).role
    if work.grant.role < needed:
        holders = work.setup.rules.holders(needed)
        has, most = work.grant.role, OPERATOR_ROWS
        if total > most:
            raise Denied(needed=needed, has=has, holders=holders, total=total, most=most)
        raise Denied(needed=needed, has=has, holders=holders)
    if action.counts_as == "retried":
        check_recent(work, total)


def check_parallel(work: Work, total: int) -> None:
    """Raise `Denied` if requests of the same moment exceed the limit; call before the commit."""
    if work.grant.role < Role.ADMIN:
        leases.lock_lease(work.connection, "bulk")
        check_recent(work, total, tracked=total)


def check_recent(work: Work, total: int, *, tracked: int = 0) -> None:
    """Raise `Denied` if `total` rows, `tracked` or not, and the recent rows exceed the limit."""
    has, minutes = work.grant.role, work.setup.operator_minutes
    if has >= Role.ADMIN:
        return
    since = work.now - timedelta(minutes=minutes)
    retried = operations.retried_since(work.connection, work.invocation.actor.user, since)
    recent = retried - tracked
    if is_too_much(recent, total):
        raise Denied(
            needed=Role.ADMIN,
            has=has,
            holders=work.setup.rules.holders(Role.ADMIN),
            total=total,
            most=OPERATOR_ROWS,
            recent=recent,
            minutes=minutes,
        )


def is_too_much(recent: int, total: int) -> bool:
    """Return whether `total` rows exceed an operator's limit after `recent` retried rows.

    The mutant `no_limit_over_requests` proves that this check is necessary.
    """
    return recent > 0 and recent + total > OPERATOR_ROWS


def need_of(command: Command, total: int) -> Need:
    """Return the permission that a bulk change of `total` rows requires."""
    need = replace(command.need, fresh=True)
    return need if total <= OPERATOR_ROWS else replace(need, role=Role.ADMIN)
