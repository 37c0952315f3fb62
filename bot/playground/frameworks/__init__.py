"""The frameworks that the playground simulates: one file for each layout of the queue's tables."""

from collections.abc import Mapping

from bot.playground.frameworks.framework import Framework
from bot.playground.frameworks.laravel import LARAVEL
from bot.playground.frameworks.spec import SPEC

FRAMEWORKS: Mapping[str, Framework] = {one.name: one for one in (SPEC, LARAVEL)}
"""Every framework by the name of its layout, for `queue-bot playground --layout`."""
