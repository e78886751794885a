# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews of real files of real cameras, as other programs see them."""

from types import SimpleNamespace

import pytest

import decoders
from library import Library, scratch_folder
from mount import Mount, why_no_mounts


@pytest.fixture(scope="module")
def made(samples):
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        with open(library.path / "damfs.toml", "a") as config:
            config.write(decoders.SETTINGS)
        library.import_(samples, expect=None)
        with Mount(library) as mount:
            stills, refused = decoders.read_all(mount, folder / "stills", seed=1)
            yield SimpleNamespace(stills=stills, refused=refused)


def test_most_have_previews(made):
    assert len(made.stills) >= 500 and len(made.refused) <= 15, (len(made.stills), made.refused)


@pytest.mark.parametrize("decoder", decoders.EVERY, ids=lambda decoder: decoder.__name__)
def test_decoders_take_every_preview_in_silence(made, scratch, decoder):
    decoder(made.stills, scratch)
