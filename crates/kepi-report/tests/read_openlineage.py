"""Reads events of jobs, one a line, with the classes of the reference client, and writes them again.

A field that the client does not know, one that it needs and does not find, and one that it would write otherwise are errors.
"""

import json
import sys

from openlineage.client.event_v2 import InputDataset, Job, JobEvent, OutputDataset
from openlineage.client.generated.column_lineage_dataset import (
    ColumnLineageDatasetFacet,
    Fields,
    InputField,
    Transformation,
)
from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields
from openlineage.client.serde import Serde


def without_url(of):
    """The version of the specification is the class's own: it is compared, not given."""
    return {key.lstrip("_"): value for key, value in of.items() if key.lower() not in ("_schemaurl", "schemaurl")}


def input_field(of):
    return InputField(**{**of, "transformations": [Transformation(**t) for t in of["transformations"]]})


def facet(name, of):
    of = without_url(of)
    if name == "schema":
        return SchemaDatasetFacet(**{**of, "fields": [SchemaDatasetFacetFields(**f) for f in of["fields"]]})
    fields = {
        key: Fields(**{**value, "inputFields": [input_field(f) for f in value["inputFields"]]})
        for key, value in of["fields"].items()
    }
    return ColumnLineageDatasetFacet(**{**of, "fields": fields, "dataset": [input_field(f) for f in of["dataset"]]})


def data_set(kind, of):
    return kind(**{**of, "facets": {name: facet(name, value) for name, value in of["facets"].items()}})


def plain(of):
    """What is empty says nothing."""
    if isinstance(of, dict):
        pairs = ((key, plain(value)) for key, value in of.items())
        return {key: value for key, value in pairs if value not in ({}, [], None)}
    if isinstance(of, list):
        return [plain(value) for value in of]
    return of


count = 0
for line in sys.stdin:
    said = json.loads(line)
    event = JobEvent(
        **{
            **without_url(said),
            "job": Job(**said["job"]),
            "inputs": [data_set(InputDataset, of) for of in said["inputs"]],
            "outputs": [data_set(OutputDataset, of) for of in said["outputs"]],
        }
    )
    written = plain(json.loads(Serde.to_json(event)))
    if written != plain(said):
        sys.exit(f"read as {json.dumps(written)}\nfor    {json.dumps(plain(said))}")
    count += 1
print(f"{count} events")
