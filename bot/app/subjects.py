"""The subjects of the settings as arguments of commands: `/queue retry user=77`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field, create_model

from bot.app.argument_types import Order
from bot.app.command import Arguments, Command, find_commands
from bot.models.refusals import Invalid
from bot.models.subjects import ORDER, SHOP, SubjectKey
from bot.queue.layouts import Queue

COLUMNS = {ORDER: "order", SHOP: "tienda"}
"""The arguments of the two subjects that every command with subjects may have."""


def commands_of(queue: Queue) -> dict[str, Command]:
    """Return all commands by name, with the arguments for the subjects of the queue."""
    commands = find_commands()
    if not queue.subjects and queue.order_paths and queue.tienda_paths:
        return commands
    return {
        name: _with_subjects(command, queue) if command.arguments.takes_subjects else command
        for name, command in commands.items()
    }


def taken_names() -> frozenset[str]:
    """Return the names of the commands' arguments, which no subject may have.

    The argument `user` of `history` is no such name: there, the subject has the argument `user_id`.
    """
    names: set[str] = set()
    for command in find_commands().values():
        if command.arguments.takes_subjects and command.name != "history":
            for name in command.arguments.model_fields:
                names |= {name, str(_marks(command.arguments, name).get("alias", name))}
    return frozenset(names)


def subject_values(arguments: Arguments) -> dict[str, str]:
    """Return the values of further subjects in the arguments, by the subject's name."""
    values = arguments.model_dump(exclude_none=True)
    return {subject: values[name] for name, subject in _fields(type(arguments)) if name in values}


def named_subjects(command: Command | None, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the further subjects that a refused request names."""
    if command is None:
        return {}
    words = {subject: values.get(name) for name, subject in _fields(command.arguments)}
    return {subject: word[:64] for subject, word in words.items() if isinstance(word, str)}


def subject_key(command: Command, arguments: Any) -> SubjectKey:
    """Return the subject in the arguments; raises `Invalid` if there is none or several.

    A shop beside another subject limits the other subject to this shop.
    """
    order = {} if arguments.order is None else {ORDER: arguments.order}
    named = [*order.items(), *subject_values(arguments).items()]
    if not named and arguments.tienda is not None:
        return SubjectKey(arguments.tienda, name=SHOP)
    if len(named) != 1:
        raise Invalid(
            problem="one-subject",
            field="",
            value="",
            expected=written_names(command),
            usage=command.usage(),
        )
    name, value = named[0]
    return SubjectKey(value, arguments.tienda, name)


def written_names(command: Command) -> str:
    """Return the command's arguments for subjects, as people type them: `order=, tienda=`."""
    own = (name for name in COLUMNS.values() if not _marks(command.arguments, name).get("internal"))
    names = [*own, *(name for name, _ in _fields(command.arguments))]
    return ", ".join(f"{name}=" for name in names)


def _with_subjects(command: Command, queue: Queue) -> Command:
    arguments = _arguments_with_subjects(command.arguments, queue)
    examples = [
        text
        for text in command.examples
        if (queue.order_paths or ("order=" not in text and text != "find 803193"))
        and (queue.tienda_paths or "shop=" not in text)
    ]
    examples += [f"{command.name} {name}=77" for name, _ in list(_fields(arguments))[:1]]
    return replace(command, arguments=arguments, examples=tuple(examples))


def _arguments_with_subjects(arguments: type[Arguments], queue: Queue) -> type[Arguments]:
    """Return a subclass with an argument for each subject and without unused arguments."""
    fields: dict[str, Any] = {}
    own = arguments.model_fields
    has_positional = "positional" in _marks(arguments, "order")
    for subject, name in COLUMNS.items():
        marks = dict(_marks(arguments, name))
        if subject not in queue.subject_names:
            marks = {"internal": True}
        elif subject == SHOP and has_positional and queue.subject_names[0] == SHOP:
            marks["positional"] = SHOP.upper()
        fields[name] = (Order | None, Field(default=None, json_schema_extra=marks))
    for further in queue.subjects:
        name = f"{further.name}_id" if further.name in own else further.name
        marks = {"form": further.name.upper(), "subject": further.name}
        if has_positional and further.name == queue.subject_names[0]:
            marks["positional"] = marks["form"]
        fields[name] = (Order | None, Field(default=None, json_schema_extra=marks))
    return create_model(arguments.__name__, __base__=arguments, __doc__=arguments.__doc__, **fields)


def _fields(arguments: type[Arguments]) -> Iterator[tuple[str, str]]:
    """Yield each argument of a further subject with the subject's name."""
    for name in arguments.model_fields:
        if (subject := _marks(arguments, name).get("subject")) is not None:
            yield name, str(subject)


def _marks(arguments: type[Arguments], name: str) -> Mapping[str, Any]:
    field = arguments.model_fields.get(name)
    extra = None if field is None else field.json_schema_extra
    return extra if isinstance(extra, Mapping) else {}
