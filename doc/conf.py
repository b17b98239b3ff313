"""How the documentation is built: `make doc`. Nothing in the pages is fetched from elsewhere when they are opened."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

import skann  # noqa: E402

project = "skann"
author = "The skann developers"
project_copyright = "The skann developers"
version = release = skann.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "matplotlib.sphinxext.plot_directive",
    "api_pages",
    "mathml",
    "registered",
]
exclude_patterns = ["differences.md"]  # a part of the guide's page on scikit-learn
templates_path = ["_templates"]
smartquotes = False  # 'relu' is a string
toc_object_entries_show_parents = "hide"

# The API reference: api_pages lists the names, autosummary writes a page for each, numpydoc reads the docstrings.
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# pictures of the guide, drawn by the code that stands above them
plot_formats = [("png", 110)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "gallery.order",
    "filename_pattern": r"plot_",
    "reset_argv": "gallery.arguments",
    "reset_modules": ("matplotlib", "gallery.forget_registered"),
    "reset_modules_order": "both",
    "thumbnail_size": (640, 448),
    "notebook_extensions": set(),  # the scripts save files, which notebooks need not
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "remove_config_comments": True,
    "min_reported_time": 1,
    "plot_gallery": "True",
    "abort_on_example_error": True,
}

html_context = {"default_mode": "auto"}
html_theme = "pydata_sphinx_theme"
html_title = "skann"
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["skann.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "skann", "alt_text": "skann: to the landing page"},
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "show_nav_level": 1,
    "show_prev_next": True,
}
html_sidebars = {"index": [], "install": [], "tour": [], "changelog": [], "extend": []}
