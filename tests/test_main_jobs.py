"""Every main job of everybody is done in a browser, with scripts and without, by a test named here.

The table of web 1, job by job: who does it, on which pages, and the journey that does it. A page
that is nobody's job is a page without a journey, so every page of the tables has to be in it.
"""

import ast
from pathlib import Path

import pytest

from tests.main_jobs import JOBS, WHO, Job
from web.pages.every import PAGES

HERE = Path(__file__).parent
TEMPLATES = HERE.parent / "web" / "templates"
EITHER_WAY = 'usefixtures("js")'


def follows_turns(module: str, name: str) -> bool:
    """Whether a test runs with scripts and without: by its module's mark, or by its own."""
    text = (HERE / f"{module}.py").read_text("utf-8")
    found = [one for one in ast.parse(text).body if isinstance(one, ast.AsyncFunctionDef)]
    (test,) = [one for one in found if one.name == name]
    marks = [ast.unparse(mark) for mark in test.decorator_list]
    of_all = [line for line in text.splitlines() if line.startswith("pytestmark")]
    if any(argument.arg == "js" for argument in test.args.args):
        return True
    return any(EITHER_WAY in mark.replace("'", '"') for mark in [*marks, *of_all])


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.what)
def test_each_main_job_is_done_by_a_journey_that_works_either_way(job: Job) -> None:
    for journey in job.done_by:
        either_way = follows_turns(*journey.split("."))
        assert either_way or job.needs_scripts or job.posted, journey
    for page in PAGES if job.posted else ():
        template = (TEMPLATES / page.template).read_text("utf-8")
        assert page.path not in job.pages or "<script" not in template


def test_every_page_is_somebody_s_job_and_everybody_has_one() -> None:
    assert {job.who for job in JOBS} == WHO
    told = [path for job in JOBS for path in job.pages]
    assert sorted(told) == sorted(page.path for page in PAGES), "each once, and none is missing"
    assert [job.what for job in JOBS if job.needs_scripts] == [
        "sign in by a passkey",
        "scan without a network",
        "verify a receipt in the browser in one tap",
    ]
