"""Slack's rules for block elements and composition objects; each table row is one type's rule.

Every row names its page in https://docs.slack.dev/reference/block-kit/.
"""

from bot.localslack.blocks.specs import Flag, Many, Number, OneOf, Shape, Spec, Str, Text

PLAIN = ("plain_text",)
NAME = Str(255, 1)  # action_id and block_id
ID = Str(shortest=1)

_CONFIRM = Shape(
    page="composition-objects/confirmation-dialog-object",
    fields={
        "title": Text(100, PLAIN),
        "text": Text(300),
        "confirm": Text(30, PLAIN),
        "deny": Text(30, PLAIN),
        "style": Str(choices=("primary", "danger")),
    },
    required=("title", "text", "confirm", "deny"),
)

_DISPATCH = Shape(
    page="composition-objects/dispatch-action-configuration-object",
    fields={
        "trigger_actions_on": Many(Str(choices=("on_enter_pressed", "on_character_entered")), 2)
    },
)

_FILTER = Shape(
    page="composition-objects/conversation-filter-object",
    fields={
        "include": Many(Str(choices=("im", "mpim", "private", "public")), 4),
        "exclude_external_shared_channels": Flag(),
        "exclude_bot_users": Flag(),
    },
)


def _option(text: Spec, *, url: bool = False) -> Shape:
    fields: dict[str, Spec] = {
        "text": text,
        "value": Str(150, 1),
        "description": Text(75, PLAIN),
    }
    if url:
        fields["url"] = Str(3000, 1)
    return Shape("composition-objects/option-object", fields, ("text", "value"))


_MENU_OPTION = _option(Text(75, PLAIN))
_BOX_OPTION = _option(Text(75))
_OVERFLOW_OPTION = _option(Text(75, PLAIN), url=True)
_GROUP = Shape(
    page="composition-objects/option-group-object",
    fields={"label": Text(75, PLAIN), "options": Many(_MENU_OPTION, 100)},
    required=("label", "options"),
)


def _element(page: str, required: tuple[str, ...] = (), **fields: Spec) -> Shape:
    """Return the shape of an interactive element: `type`, `action_id` and the given fields."""
    all_fields: dict[str, Spec] = {"type": Str(), "action_id": NAME, **fields}
    return Shape(f"block-elements/{page}", all_fields, required)


def _menu(page: str, required: tuple[str, ...] = (), **fields: Spec) -> Shape:
    """Return the shape of an element with placeholder, confirm dialog and `focus_on_load`."""
    return _element(
        page,
        required,
        placeholder=Text(150, PLAIN),
        confirm=_CONFIRM,
        focus_on_load=Flag(),
        **fields,
    )


def _field(page: str, required: tuple[str, ...] = (), **fields: Spec) -> Shape:
    """Return the shape of an element for typing, which has no confirm dialog."""
    return _element(
        page,
        required,
        placeholder=Text(150, PLAIN),
        focus_on_load=Flag(),
        dispatch_action_config=_DISPATCH,
        **fields,
    )


_OPTIONS, _GROUPS = Many(_MENU_OPTION, 100), Many(_GROUP, 100)
_MOST = Number(1)
_SINGLE, _MULTI = "select-menu-element", "multi-select-menu-element"

IMAGE_FIELDS: dict[str, Spec] = {
    "image_url": Str(3000, 1),
    "slack_file": Shape("composition-objects/slack-file-object", {"id": ID, "url": ID}),
    "alt_text": Str(2000, 1),
}

ELEMENTS: dict[str, Shape] = {
    "button": _element(
        "button-element",
        ("text",),
        text=Text(75, PLAIN),
        value=Str(2000),
        url=Str(3000),
        style=Str(choices=("primary", "danger")),
        confirm=_CONFIRM,
        accessibility_label=Str(75),
    ),
    "overflow": _element(
        "overflow-menu-element",
        ("options",),
        options=Many(_OVERFLOW_OPTION, 5),
        confirm=_CONFIRM,
    ),
    "static_select": _menu(
        _SINGLE, options=_OPTIONS, option_groups=_GROUPS, initial_option=_MENU_OPTION
    ),
    "external_select": _menu(_SINGLE, initial_option=_MENU_OPTION, min_query_length=Number(0)),
    "users_select": _menu(_SINGLE, initial_user=ID),
    "conversations_select": _menu(
        _SINGLE,
        initial_conversation=ID,
        default_to_current_conversation=Flag(),
        response_url_enabled=Flag(),
        filter=_FILTER,
    ),
    "channels_select": _menu(_SINGLE, initial_channel=ID, response_url_enabled=Flag()),
    "multi_static_select": _menu(
        _MULTI,
        options=_OPTIONS,
        option_groups=_GROUPS,
        initial_options=Many(_MENU_OPTION, 100),
        max_selected_items=_MOST,
    ),
    "multi_external_select": _menu(
        _MULTI,
        initial_options=Many(_MENU_OPTION, 100),
        min_query_length=Number(0),
        max_selected_items=_MOST,
    ),
    "multi_users_select": _menu(_MULTI, initial_users=Many(ID), max_selected_items=_MOST),
    "multi_conversations_select": _menu(
        _MULTI,
        initial_conversations=Many(ID),
        default_to_current_conversation=Flag(),
        filter=_FILTER,
        max_selected_items=_MOST,
    ),
    "multi_channels_select": _menu(_MULTI, initial_channels=Many(ID), max_selected_items=_MOST),
    "checkboxes": _element(
        "checkboxes-element",
        ("options",),
        options=Many(_BOX_OPTION, 10),
        initial_options=Many(_BOX_OPTION, 10),
        confirm=_CONFIRM,
        focus_on_load=Flag(),
    ),
    "radio_buttons": _element(
        "radio-button-group-element",
        ("options",),
        options=Many(_BOX_OPTION, 10),
        initial_option=_BOX_OPTION,
        confirm=_CONFIRM,
        focus_on_load=Flag(),
    ),
    "datepicker": _menu("date-picker-element", initial_date=ID),
    "timepicker": _menu("time-picker-element", initial_time=ID, timezone=ID),
    "datetimepicker": _element(
        "datetime-picker-element",
        initial_date_time=Number(1_000_000_000, 9_999_999_999),
        confirm=_CONFIRM,
        focus_on_load=Flag(),
    ),
    "plain_text_input": _field(
        "plain-text-input-element",
        initial_value=Str(3000),
        multiline=Flag(),
        min_length=Number(0, 3000),
        max_length=Number(1, 3000),
    ),
    "number_input": _field(
        "number-input-element",
        ("is_decimal_allowed",),
        is_decimal_allowed=Flag(),
        initial_value=ID,
        min_value=ID,
        max_value=ID,
    ),
    "email_text_input": _field("email-input-element", initial_value=Str()),
    "url_text_input": _field("url-input-element", initial_value=Str()),
    # An image cannot be clicked, so it has no action_id.
    "image": Shape(
        "block-elements/image-element", {"type": Str(), **IMAGE_FIELDS}, required=("alt_text",)
    ),
}

ACCESSORIES = tuple(
    name
    for name in ELEMENTS
    if name not in {"plain_text_input", "number_input", "email_text_input", "url_text_input"}
)
IN_ACTIONS = tuple(name for name in ACCESSORIES if name != "image")
IN_INPUT = tuple(name for name in ELEMENTS if name not in {"button", "overflow", "image"})

# The surfaces that allow an element, from the element's page. All surfaces allow any other element.
ELEMENT_SURFACES: dict[str, frozenset[str]] = {
    "datetimepicker": frozenset({"message", "modal"}),
    "number_input": frozenset({"modal"}),
    "email_text_input": frozenset({"modal"}),
    "url_text_input": frozenset({"modal"}),
}


def element(*only: str) -> OneOf:
    """Return the spec of an element whose type is one of the named types."""
    return OneOf(ELEMENTS, only)
