"""The range planner: every byte once, in order, in parts that fit."""

from hypothesis import given
from hypothesis import strategies as st

from gco.models.manifest import PART_SIZE, Manifest, ModelFile
from gco.models.transfer.plan import missing_parts

SIZES = st.lists(
    st.one_of(
        st.integers(0, 5 * PART_SIZE),
        st.sampled_from([0, 1, PART_SIZE - 1, PART_SIZE, PART_SIZE + 1]),
    ),
    max_size=6,
)


def manifest_of(sizes):
    return Manifest.of(ModelFile(path=f"{n:03}", size=size) for n, size in enumerate(sizes))


@given(SIZES)
def test_every_byte_is_in_exactly_one_part(sizes):
    parts = list(missing_parts(manifest_of(sizes), set()))
    for file, size in enumerate(sizes):
        place = 0
        for part in (p for p in parts if p.file == file):
            assert part.start == place == part.number * PART_SIZE
            assert 0 < part.size <= PART_SIZE
            place = part.end
        assert place == size
    assert parts == sorted(parts)


@given(SIZES, st.data())
def test_what_is_done_is_left_out_and_nothing_else(sizes, data):
    manifest = manifest_of(sizes)
    every = list(missing_parts(manifest, set()))
    done = data.draw(st.sets(st.sampled_from(every))) if every else set()
    keys = {(part.file, part.number) for part in done}
    assert set(missing_parts(manifest, keys)) == set(every) - done
