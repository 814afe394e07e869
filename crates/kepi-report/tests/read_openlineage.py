"""Reads events of jobs and runs, one a line, with the classes of the reference client, and writes them again.

A field that the client does not know, one that it needs and does not find, and one that it would write otherwise are errors.
"""

import json
import sys

from openlineage.client.event_v2 import InputDataset, Job, JobEvent, OutputDataset, Run, RunEvent, RunState
from openlineage.client.generated import parent_run
from openlineage.client.generated.column_lineage_dataset import (
    ColumnLineageDatasetFacet,
    Fields,
    InputField,
    Transformation,
)
from openlineage.client.generated.dataset_version_dataset import DatasetVersionDatasetFacet
from openlineage.client.generated.error_message_run import ErrorMessageRunFacet
from openlineage.client.generated.input_statistics_input_dataset import InputStatisticsInputDatasetFacet
from openlineage.client.generated.output_statistics_output_dataset import OutputStatisticsOutputDatasetFacet
from openlineage.client.generated.processing_engine_run import ProcessingEngineRunFacet
from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields
from openlineage.client.serde import Serde


def without_url(of):
    """The version of the specification is the class's own: it is compared, not given."""
    return {key.lstrip("_"): value for key, value in of.items() if key.lower() not in ("_schemaurl", "schemaurl")}


def input_field(of):
    return InputField(**{**of, "transformations": [Transformation(**t) for t in of["transformations"]]})


PLAIN = {
    "version": DatasetVersionDatasetFacet,
    "errorMessage": ErrorMessageRunFacet,
    "inputStatistics": InputStatisticsInputDatasetFacet,
    "outputStatistics": OutputStatisticsOutputDatasetFacet,
    "processing_engine": ProcessingEngineRunFacet,
}


def facet(name, of):
    of = without_url(of)
    if name in PLAIN:
        return PLAIN[name](**of)
    if name == "parent":
        run, job = parent_run.Run(**of["run"]), parent_run.Job(**of["job"])
        return parent_run.ParentRunFacet(**{**of, "run": run, "job": job})
    if name == "schema":
        return SchemaDatasetFacet(**{**of, "fields": [SchemaDatasetFacetFields(**f) for f in of["fields"]]})
    fields = {
        key: Fields(**{**value, "inputFields": [input_field(f) for f in value["inputFields"]]})
        for key, value in of["fields"].items()
    }
    return ColumnLineageDatasetFacet(**{**of, "fields": fields, "dataset": [input_field(f) for f in of["dataset"]]})


def facets(of):
    return {name: facet(name, value) for name, value in of.items()}


def data_set(kind, of):
    return kind(**{key: facets(value) if key.lower().endswith("facets") else value for key, value in of.items()})


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
    ran = {}
    if "run" in said:
        run = Run(**{**said["run"], "facets": facets(said["run"]["facets"])})
        ran = {"run": run, "eventType": RunState[said["eventType"]]}
    event = (RunEvent if ran else JobEvent)(
        **{
            **without_url(said),
            **ran,
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
