"""The configuration: ``v6.toml``, what the environment lays over it, and where each value came from.

* ``origins`` -- where a value came from
* ``document`` -- a TOML file as values, each with its line
* ``environment`` -- the variables ``V6_…`` as values
* ``problems`` -- what is wrong, each in one sentence with its place
* ``secret`` -- references to secrets, resolved on use
* ``sections`` -- the models of what a program is given
* ``loading`` -- file, environment and option made into one Configuration
* ``places`` -- what a configuration that cannot be used still tells: where the halt file and the journal are
* ``schema`` -- the JSON schema of ``v6.toml``
"""

from v6core.config.loading import load
from v6core.config.origins import Origin, Source
from v6core.config.places import Place, Places, readable_places
from v6core.config.schema import json_schema
from v6core.config.secret import Secret
from v6core.config.sections import (
    BrokerSection,
    Configuration,
    EngineSection,
    JournalSection,
    OnExit,
    Setting,
    settings_for,
)

__all__ = [
    "BrokerSection",
    "Configuration",
    "EngineSection",
    "JournalSection",
    "OnExit",
    "Origin",
    "Place",
    "Places",
    "Secret",
    "Setting",
    "Source",
    "json_schema",
    "load",
    "readable_places",
    "settings_for",
]
