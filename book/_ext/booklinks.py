"""The book's links and scripts, as Sphinx writes its pages.

- "Suggest edit" of a chapter leads to the source that people edit, not to the generated notebook.
- REPOSITORY_URL and REPOSITORY_NAME in a page of book/ stand for the address in _config.yml.
- The live-code scripts, which the book does not use and which name a CDN, are left out.
"""

GENERATED, SOURCE = "notebooks/", "notebooks/source/"


def edit_address(address: str) -> str:
    """…/edit/main/notebooks/part/name.ipynb -> …/edit/main/notebooks/source/part/name.py"""
    if not address.endswith(".ipynb"):
        return address
    head, _, tail = address.rpartition(GENERATED)
    return f"{head}{SOURCE}{tail.removesuffix('.ipynb')}.py"


def point_at_source(app, pagename, templatename, context, doctree):
    for button in context.get("header_buttons", []):
        for entry in button.get("buttons", [button]):
            if entry.get("label") == "source-edit-button":
                entry["url"] = edit_address(entry["url"])


def fill_in_address(app, docname, source):
    address = app.config.html_theme_options.get("repository_url", "").rstrip("/")
    source[0] = source[0].replace("REPOSITORY_URL", address)
    source[0] = source[0].replace("REPOSITORY_NAME", address.rpartition("/")[2])


def drop_unused_scripts(app, pagename, templatename, context, doctree):
    context["script_files"] = [
        script for script in context.get("script_files", []) if "thebe" not in str(script).lower()
    ]
    context["css_files"] = [
        sheet for sheet in context.get("css_files", []) if "thebe" not in str(sheet).lower()
    ]


def setup(app):
    app.connect("source-read", fill_in_address)
    # The theme adds its buttons at priority 501.
    app.connect("html-page-context", point_at_source, priority=900)
    app.connect("html-page-context", drop_unused_scripts, priority=901)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
