"""veraPDF, the validator of the PDF Association, takes our sealed records for PDF/A-3b."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.server.records.conftest import Made, keys, records, stage

__all__ = ["keys", "records", "stage"]
HERE = Path(__file__).parent / "verapdf"
HAS_JAVA = all(shutil.which(program) for program in ("mvn", "javac", "java"))


@pytest.fixture
def classes(tmp_path: Path) -> str:
    """The class path of the validator and of the program that calls it."""
    listed = tmp_path / "classpath"
    resolve = ["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:build-classpath", f"-Dmdep.outputFile={listed}"]
    done = subprocess.run(resolve, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"veraPDF can't be fetched here: {done.stdout.strip().splitlines()[-1:]}")
    path = listed.read_text().strip()
    subprocess.run(["javac", "-cp", path, "-d", tmp_path, HERE / "Check.java"], check=True)
    return f"{tmp_path}:{path}"


@pytest.mark.skipif(not HAS_JAVA, reason="Java and Maven are not installed")
def test_verapdf_takes_sealed_records_for_pdf_a_3b(records: Mapping[str, Made], classes: str, tmp_path: Path) -> None:
    files = []
    for name, made in records.items():
        files.append(tmp_path / f"{name}.pdf")
        files[-1].write_bytes(made.pdf)
    done = subprocess.run(["java", "-cp", classes, "Check", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("true ") == len(files)
