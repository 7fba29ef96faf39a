"""What a pull request may put into a checkout so that another program runs in the place of ecoci."""

from __future__ import annotations

from pathlib import Path

from tests.action.runner import Runner
from tests.action.starts import programs

HIJACK = "import sys\nsys.HIJACKED = True\nopen({mark!r}, 'w').write(__file__)\nraise SystemExit('hijacked')\n"
MODULES = (
    *("ecoci/__init__.py", "ecoci/__main__.py", "action/__init__.py", "action/environment.py", "json.py", "os.py"),
    *(
        "subprocess.py",
        "venv.py",
        "zipfile.py",
        "site.py",
        "sitecustomize.py",
        "usercustomize.py",
        "click.py",
    ),
    *("pip/__init__.py", "pip/__main__.py", "ensurepip.py", "yaml/__init__.py", "numpy.py"),
)
SETTINGS = {
    "uv.toml": "uv would stop at this = =\n",
    "pyproject.toml": '[tool.uv]\nindex-url = "http://127.0.0.1:9/evil"\n[[tool.uv.index]]\nurl = "http://127.0.0.1:9"\n',
    ".python-version": "2.7.18\n",
    ".tool-versions": "python 2.7.18\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:9/evil\nrequire-hashes = no\n",
    "pip.ini": "[global]\nindex-url = http://127.0.0.1:9/evil\n",
    ".gitattributes": "* filter=evil diff=evil merge=evil\n",
    "setup.cfg": "[install]\nprefix = /nowhere\n",
    "pyvenv.cfg": "home = /nowhere\n",
    ".netrc": "machine 127.0.0.1 login a password b\n",
    "evil.pth": "import sys; sys.HIJACKED = True\n",
    "action-light.txt": "evil==1.0\n",
    "constraints/action-light.txt": "evil==1.0\n",
}


def plant(runner: Runner) -> Path:
    """Everything that could take over; returns the file that exists if something did."""
    mark = runner.folder / "hijacked"
    texts = {**SETTINGS, **dict.fromkeys(MODULES, HIJACK.format(mark=str(mark)))}
    for name, text in texts.items():
        file = runner.workspace / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    programs(runner.workspace, git=f"touch '{mark}'", dirname=f"touch '{mark}'")
    return mark
