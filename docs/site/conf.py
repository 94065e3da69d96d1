"""Sphinx's settings of the documentation site (docs/site/build.sh)."""

project = "rarebooks.platform"
html_title = project
html_short_title = project
copyright = "RareBooks platform developers"

extensions = ["myst_parser", "sphinx_antsibull_ext"]
# So that links between pages work as they do in a checkout.
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
myst_heading_anchors = 4
suppress_warnings = [
    # What pages link to besides other pages is a file of the checkout; a unit test sees that it is there.
    "myst.xref_missing",
    # Pages of Ansible's own documentation, which is not at hand where this is built.
    "ref.ref",
    # Templates of nginx and Compose within YAML.
    "misc.highlighting_failure",
]

html_theme = "sphinx_ansible_theme"
html_theme_options = {"documentation_home_url": "index.html", "topbar_links": {}, "vcs_pageview_mode": ""}
html_static_path = ["static"]
html_css_files = ["narrow.css"]
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_use_modindex = False
pygments_style = "ansible"
highlight_language = "text"
