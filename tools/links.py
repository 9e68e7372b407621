"""The repository's address: it stands in _config.yml alone, and every link follows from it.

python -m tools.links           write README.md's chapter table and CITATION.cff's address
python -m tools.links check     say where they do not agree with _config.yml
"""

import re
import sys
from dataclasses import dataclass

import yaml

from tools import ROOT, toc
from tools.files import write


@dataclass(frozen=True)
class Repository:
    """Where the book is published, and the links that follow from it."""

    url: str
    branch: str

    @property
    def name(self):
        """OWNER/REPOSITORY."""
        return "/".join(self.url.split("/")[-2:])

    @property
    def pip(self):
        return f"git+{self.url}@{self.branch}"

    def colab(self, chapter):
        path = f"{self.name}/blob/{self.branch}/notebooks/{chapter}.ipynb"
        return f"https://colab.research.google.com/github/{path}"

    def download(self, chapter):
        path = f"{self.name}/{self.branch}/notebooks/{chapter}.ipynb"
        return f"https://raw.githubusercontent.com/{path}"

    def source(self, chapter):
        return f"{self.url}/blob/{self.branch}/notebooks/source/{chapter}.py"


def repository(root=ROOT):
    """The address in _config.yml."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    entry = config["repository"]
    return Repository(entry["url"].rstrip("/").removesuffix(".git"), entry["branch"])


START, END = "<!-- chapters: written by `make notebooks` -->", "<!-- end of chapters -->"


def chapter_table(root=ROOT):
    """README's table: one line a part, each chapter with its title and its link to Colab."""
    where = repository(root)
    lines = ["| Part | Chapters: read the source, or open in Colab |", "| --- | --- |"]
    for part, chapters in toc.by_part(root).items():
        links = [
            f"[{toc.title(chapter, root)}](notebooks/{chapter}.ipynb)"
            f" ([Colab]({where.colab(chapter)}))"
            for chapter in chapters
        ]
        lines.append(f"| {part} | {'<br>'.join(links)} |")
    return "\n".join(lines)


def expected(root=ROOT):
    """File name -> the text that it should have (files that do not exist yet are left out)."""
    texts = {}
    readme = root / "README.md"
    if readme.exists() and START in (old := readme.read_text(encoding="utf-8")):
        between = re.compile(re.escape(START) + ".*?" + re.escape(END), re.DOTALL)
        block = f"{START}\n\n{chapter_table(root)}\n\n{END}"
        texts["README.md"] = between.sub(lambda _: block, old)
    citation = root / "CITATION.cff"
    if citation.exists():
        line = f"repository-code: {repository(root).url}"
        old = citation.read_text(encoding="utf-8")
        texts["CITATION.cff"] = re.sub(r"^repository-code:.*$", line, old, flags=re.MULTILINE)
    return texts


def check(root=ROOT):
    """One sentence for each file whose links do not follow from _config.yml."""
    return [
        f"{name}: links do not agree with _config.yml; run `make notebooks`"
        for name, text in expected(root).items()
        if (root / name).read_text(encoding="utf-8") != text
    ]


def main(arguments):
    if arguments == ["check"]:
        problems = check()
        print("\n".join(problems) or "links: all follow from _config.yml")
        return 1 if problems else 0
    for name, text in expected().items():
        if write(ROOT / name, text):
            print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
