"""Builds the wheel of `entente`: a zip of its files, so that an installation needs no compiler, network or other package.

The version is that of the header from which entente/_abi.py was made.  Tested by tests/hosts/python/run.sh.
"""
import base64
import hashlib
import re
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
VERSION = re.search(r'^VERSION = "([^"]+)"', (HERE / "entente" / "_abi.py").read_text("utf-8"), re.M).group(1)
INFO = f"entente-{VERSION}.dist-info"
METADATA = f"""Metadata-Version: 2.1
Name: entente
Version: {VERSION}
Summary: Agreements as code: decides service agreements over facts, through libentente
Requires-Python: >=3.9
"""
WHEEL = "Wheel-Version: 1.0\nGenerator: entente_wheel\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _record_line(name, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def _write(directory, files):
    name = f"entente-{VERSION}-py3-none-any.whl"
    files = {**files, f"{INFO}/METADATA": METADATA.encode(), f"{INFO}/WHEEL": WHEEL.encode()}
    record = "".join(_record_line(*file) for file in files.items()) + f"{INFO}/RECORD,,\n"
    with zipfile.ZipFile(Path(directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in {**files, f"{INFO}/RECORD": record.encode()}.items():
            wheel.writestr(path, content)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    package = sorted(p for p in (HERE / "entente").iterdir() if p.suffix == ".py" or p.name == "py.typed")
    return _write(wheel_directory, {f"entente/{p.name}": p.read_bytes() for p in package})


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _write(wheel_directory, {"entente.pth": f"{HERE}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    raise NotImplementedError("the package is installed from the repository, as a wheel")
