"""All the real files, deliberately bad ones among them, through the whole pipeline."""

import pytest
from django.core.management import call_command

from catalog.models import Batch, BatchState, Manifestation, Reject, SourceRecord
from tests.catalog.members import clusters
from tests.world import World

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.timeout(900)]
NOT_MARC = ("MANIFEST.tsv", "README.md")


@pytest.fixture
def files(marc_corpus):
    found = [path for path in sorted(marc_corpus.rglob("*")) if path.is_file()]
    return [path for path in found if path.name not in NOT_MARC]


@pytest.mark.django_db
def test_every_real_file_goes_through_and_every_byte_is_accounted_for(files, capsys):
    World.build()
    members = ("JJ", "ZY", "MY")
    for number, member in enumerate(members):
        paths = [str(path) for path in files[number :: len(members)]]
        call_command("import_marc", *paths, agency=member)

    assert len(files) > 150
    batches = list(Batch.objects.all())
    assert len(batches) == len(files)
    assert {batch.state for batch in batches} == {BatchState.DONE}
    assert not Reject.objects.filter(code="reader_defect").exists()
    for batch in batches:
        told = (
            batch.created + batch.updated + batch.unchanged + batch.deleted
            + batch.repeated + batch.outdated
        )  # fmt: skip
        assert told == batch.records, batch
    assert SourceRecord.objects.count() > 20_000
    assert sum(map(len, clusters())) == SourceRecord.objects.filter(deleted_at=None).count()
    living = Manifestation.objects.filter(deleted_at=None, absorbed_by=None).count()
    assert len(clusters()) == living < SourceRecord.objects.filter(deleted_at=None).count()
