"""Hold charter files against the charter's JSON Schemas, with nothing of portreeve's.

    check.py SCHEMAS FILE...   SCHEMAS is the folder of the schemas

Each file's folder, or its own name at the root of a charter, says its kind. One line a file:
`accepted`, `refused` or `no-yaml`, a tab, the file, and for a refusal a tab and why.
Exit 0: every file got its line. Exit 2: it could not check.
"""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

FOLDERS = ["agents", "contexts", "models", "providers", "quotas", "secrets", "tests"]
KINDS = ["charter", "people", *FOLDERS]


def reader():
    """YAML 1.2 as its core schema has it: dates are texts, as in JSON."""
    yaml = YAML(typ="safe", pure=True)
    constructor = yaml.constructor
    constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda self, node: self.construct_scalar(node))
    return yaml


def verdict(validators, path):
    kind = path.parent.name if path.parent.name in FOLDERS else path.stem
    try:
        value = reader().load(path.read_bytes())
    except (YAMLError, ValueError) as error:
        return "no-yaml", str(error).splitlines()[0]
    errors = [f"{error.json_path}: {error.message}" for error in validators[kind].iter_errors(value)]
    return ("refused", errors[0].replace("\n", " ")) if errors else ("accepted", "")


def main(folder, *files):
    validators = {}
    for kind in KINDS:
        schema = json.loads(Path(folder, f"{kind}.json").read_text())
        Draft202012Validator.check_schema(schema)
        validators[kind] = Draft202012Validator(schema, format_checker=FormatChecker())
    for file in files:
        word, why = verdict(validators, Path(file))
        print(f"{word}\t{file}\t{why}".rstrip())


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:  # what cannot be checked is no verdict
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)
