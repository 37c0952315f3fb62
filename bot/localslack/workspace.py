"""The workspace: people, groups, channels, messages and views, independent of HTTP."""

import copy
import itertools
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bot.localslack.blocks.specs import Json


@dataclass(frozen=True)
class User:
    """A person or a bot, with the data of `users.info`."""

    id: str
    name: str
    real_name: str
    locale: str = "en-US"
    tz: str = "Europe/Madrid"
    team_id: str = ""
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_admin: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class Group:
    """A user group, with the ids of its members."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...] = ()
    date_delete: int = 0


@dataclass(frozen=True)
class Channel:
    """A channel or a direct message, with the ids of its members."""

    id: str
    name: str
    members: frozenset[str] = frozenset()
    is_archived: bool = False
    is_private: bool = False
    is_im: bool = False
    is_shared: bool = False
    is_ext_shared: bool = False
    im_user: str = ""


@dataclass
class PostedMessage:
    """A message in its current form; `ephemeral_to` is set if only one person sees it."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    edited: str | None = None
    metadata: Json | None = None

    def as_json(self) -> Json:
        """Return the message as the control endpoints show it."""
        body: Json = {
            "ts": self.ts,
            "user": self.user,
            "text": self.text,
            "blocks": self.blocks,
        }
        for key in ("thread_ts", "edited", "ephemeral_to"):
            if (value := getattr(self, key)) is not None:
                body[key] = value
        return body


@dataclass
class View:
    """An open modal, or a person's Home; `content` is the view that the app sent."""

    id: str
    user: str
    content: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    values: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    notice: str | None = None


@dataclass(frozen=True)
class Identity:
    """The team and the app, as in `auth.test` and every payload."""

    team_id: str
    team_name: str
    domain: str
    app_id: str
    bot_id: str
    bot_user: str


Listener = Callable[[], None]


@dataclass
class _Numbers:
    """The number of changes, and the newest message's time in microseconds."""

    version: int = 0
    ts: int = 0


class Workspace:
    """All state of the local Slack; every change increases `version` and notifies the listeners."""

    def __init__(
        self,
        identity: Identity,
        users: Iterable[User],
        channels: Iterable[Channel],
        groups: Iterable[Group],
        clock: Callable[[], float],
    ) -> None:
        self.identity = identity
        self.clock = clock
        self.users = {user.id: user for user in users}
        self.channels = {channel.id: channel for channel in channels}
        self.groups = {group.id: group for group in groups}
        self.messages: dict[str, list[PostedMessage]] = {name: [] for name in self.channels}
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.refused_blocks: set[str] = set()
        self.listeners: list[Listener] = []
        self._numbers = _Numbers()
        self._serial = itertools.count(1)

    @property
    def version(self) -> int:
        """Return the number of changes; every app of the workspace counts the same changes."""
        return self._numbers.version

    def for_app(self, app: str, identity: Identity, channels: Iterable[str]) -> "Workspace":
        """Return the workspace as another app sees it, which is a member of these channels.

        The apps share people, channels and messages. Each app has its own dialogs and Homes.
        """
        other = copy.copy(self)
        other.identity, other.stacks, other.homes = identity, {}, {}
        other.refused_blocks = set()
        self.put_user(User(identity.bot_user, app, app, is_bot=True))
        for id_ in channels:
            channel = self.channels[id_]
            members = channel.members | {identity.bot_user}
            self.put_channel(replace(channel, members=members))
        return other

    def mark_changed(self) -> None:
        """Notify the listeners of a visible change."""
        self._numbers.version += 1
        for listener in list(self.listeners):
            listener()

    def next_ts(self) -> str:
        """Return a message's unique time in seconds with six decimals."""
        numbers = self._numbers
        numbers.ts = max(int(self.clock() * 1_000_000), numbers.ts + 1)
        return f"{numbers.ts // 1_000_000}.{numbers.ts % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        """Return an id like Slack's: the prefix, and ten capital letters or digits."""
        return f"{prefix}{next(self._serial):05X}{secrets.token_hex(3).upper()[:5]}"

    def new_hash(self) -> str:
        """Return a view's `hash`: seconds, a dot, eight hex digits."""
        return f"{int(self.clock())}.{secrets.token_hex(4)}"

    def find_user(self, name_or_id: str) -> User | None:
        """Return a person by id or by name, with or without @; None if no person matches."""
        key = name_or_id.removeprefix("@")
        user = self.users.get(key)
        return user or next((user for user in self.users.values() if user.name == key), None)

    def find_channel(self, name_or_id: str) -> Channel | None:
        """Return a channel by id or by name, with or without #; None if no channel matches."""
        key = name_or_id.removeprefix("#")
        if key in self.channels:
            return self.channels[key]
        named = (channel for channel in self.channels.values() if not channel.is_im)
        return next((channel for channel in named if channel.name == key), None)

    def direct_message(self, user: str) -> Channel:
        """Return the direct message channel of the bot and a person; create it if needed."""
        for channel in self.channels.values():
            if channel.im_user == user and self.identity.bot_user in channel.members:
                return channel
        members = frozenset({user, self.identity.bot_user})
        channel = Channel(self.new_id("D"), "", members, is_im=True, im_user=user)
        self.put_channel(channel)
        return channel

    def put_user(self, user: User) -> None:
        """Add or replace a person."""
        self.users[user.id] = user
        self.mark_changed()

    def put_channel(self, channel: Channel) -> None:
        """Add or replace a channel; its messages stay."""
        self.channels[channel.id] = channel
        self.messages.setdefault(channel.id, [])
        self.mark_changed()

    def put_group(self, group: Group) -> None:
        """Add or replace a user group."""
        self.groups[group.id] = group
        self.mark_changed()

    def add_message(self, message: PostedMessage) -> PostedMessage:
        """Add a message; a channel's messages stay in the order in which they were added."""
        self.messages[message.channel].append(message)
        self.mark_changed()
        return message

    def find_message(self, channel: str, ts: str) -> PostedMessage | None:
        """Return the message with the time `ts` in the channel, also an ephemeral message."""
        return next(
            (message for message in self.messages.get(channel, ()) if message.ts == ts), None
        )

    def remove_message(self, message: PostedMessage) -> None:
        """Remove a message; nothing shows that it existed."""
        self.messages[message.channel].remove(message)
        self.mark_changed()

    def find_view(self, view_id: str) -> View | None:
        """Return an open modal or a Home by its id."""
        open_views = [view for stack in self.stacks.values() for view in stack]
        views = [*open_views, *self.homes.values()]
        return next((view for view in views if view.id == view_id), None)
