"""The text of subjects in every message: orders, shops, users and others, with links."""

from collections.abc import Mapping

from bot.models.job_batches import BATCH
from bot.models.subjects import LONGEST_VALUE, ORDER, SHOP, USUAL
from bot.text import Mrkdwn, Plain, Texts, escape, link, named, plain_line
from bot.views.context import Context
from bot.views.names import LONGEST_ID, LONGEST_NAME, dots, filled


def bare_order(
    order_id: int | str | None,
    ctx: Context,
    *,
    tienda_id: int | str | None = None,
    queue: str | None = None,
    job_id: int | None = None,
) -> Mrkdwn:
    """Return an order's id, with a link if the settings have a template; empty without an order."""
    if order_id is None or not str(order_id).strip():
        return Mrkdwn()
    values = template_values(order_id, {}, tienda_id=tienda_id, queue=queue, job_id=job_id)
    return _linked(ctx.links.order, order_id, values)


def order(
    order_id: int | str | None,
    ctx: Context,
    *,
    tienda_id: int | str | None = None,
    queue: str | None = None,
    job_id: int | None = None,
) -> Mrkdwn:
    """Return `order 803193`; empty without an order."""
    bare = bare_order(order_id, ctx, tienda_id=tienda_id, queue=queue, job_id=job_id)
    return ctx.texts("order", id=bare) if bare else Mrkdwn()


def bare_tienda(tienda_id: int | str | None, ctx: Context) -> Mrkdwn:
    """Return a shop's id, with a link if the settings have a template; empty without a shop."""
    return Mrkdwn() if tienda_id is None else bare_subject(SHOP, tienda_id, ctx)


def tienda(tienda_id: int | str | None, ctx: Context) -> Mrkdwn:
    """Return `shop 12097`; empty without a shop."""
    bare = bare_tienda(tienda_id, ctx)
    return ctx.texts("tienda", id=bare) if bare else Mrkdwn()


def whose(
    order_id: int | str | None,
    more: Mapping[str, int | str],
    ctx: Context,
    *,
    tienda_id: int | str | None = None,
    queue: str | None = None,
    job_id: int | None = None,
) -> Mrkdwn:
    """Return the subjects of a job: `order 803193 · user 77`; empty without any.

    The id of a batch is long, and only details show it.
    """
    values = template_values(order_id, more, tienda_id=tienda_id, queue=queue, job_id=job_id)
    has_order = order_id is not None and bool(str(order_id).strip())
    parts = [(ORDER, order_id)] if has_order and order_id is not None else []
    parts += [(name, value) for name, value in more.items() if name != BATCH]
    return dots(*(subject(name, value, ctx, values) for name, value in parts))


def subject_name(name: str, texts: Texts) -> str:
    """Return a subject's name: the order and the shop in the reader's language, others as typed."""
    return texts.plain(f"name-{name}") if name in USUAL else plain_line(name, LONGEST_NAME)


def subject_names(ctx: Context) -> str:
    """Return the names of the subjects that people may search by: `order, shop`."""
    return ", ".join(subject_name(name, ctx.texts) for name in ctx.subjects)


def subject(
    name: str, value: int | str, ctx: Context, values: Mapping[str, object] | None = None
) -> Mrkdwn:
    """Return a subject's name and value: `user 77`; `values` are further values for its link."""
    bare = bare_subject(name, value, ctx, values) or escape("–")
    if name in USUAL:
        return ctx.texts("order" if name == ORDER else "tienda", id=bare)
    return ctx.texts("subject", name=named(name), value=bare)


def bare_subject(
    name: str, value: int | str, ctx: Context, values: Mapping[str, object] | None = None
) -> Mrkdwn:
    """Return a subject's value, with a link if the settings have a template for the subject."""
    own = template_values(value, {}) if name == ORDER else {name: value}
    if name == SHOP:
        own["tienda_id"] = value
    template = ctx.links.order if name == ORDER else ctx.links.subjects.get(name)
    return _linked(template, value, {**(values or {}), **own})


def main_subject(
    order_id: int | str | None, tienda_id: int | str | None, more: Mapping[str, int | str]
) -> tuple[str, str] | None:
    """Return the argument and the value with which `find` shows the story of a job's subject."""
    if order_id is not None and str(order_id).strip():
        return "order", str(order_id)[:LONGEST_VALUE]
    shop = {} if tienda_id is None else {"tienda": tienda_id}
    own = {name: value for name, value in more.items() if name != BATCH}
    every = {**own, **shop, **more}
    return next(((name, str(value)[:LONGEST_VALUE]) for name, value in every.items()), None)


def story_label(name: str, value: str, ctx: Context) -> Plain:
    """Return the label of a button that shows the story of a subject; `name` is its argument."""
    if name == "order":
        return ctx.texts.plain("button-order")
    name = subject_name(SHOP if name == "tienda" else name, ctx.texts)
    return ctx.texts.plain("button-subject", name=name, value=value)


def template_values(
    order_id: int | str | None,
    more: Mapping[str, int | str],
    *,
    tienda_id: int | str | None = None,
    queue: str | None = None,
    job_id: int | None = None,
) -> dict[str, object]:
    """Return the values that a link template may name."""
    shop = {"tienda_id": tienda_id, SHOP: tienda_id}
    return {"order_id": order_id, ORDER: order_id, **shop, "queue": queue, "job_id": job_id, **more}


def _linked(template: str | None, value: int | str, values: Mapping[str, object]) -> Mrkdwn:
    label = plain_line(value, LONGEST_ID, angles=True)
    url = filled(template, values)
    return link(url, label) if url else named(label, LONGEST_ID)
