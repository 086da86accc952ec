// Compile Python's own library, the platform's wheels and its packages for the Python of the browser, so that no visitor's
// browser has to: half of the time until the page is usable went into that.
//
// Arguments: folder of the site, with pyodide/ and python/ in it, both changed in place; folder of the packages' wheels.
// The wheel of the API and the packages go into one archive, python/api.zip: the page is usable before it is needed.
import { pathToFileURL } from "node:url";

const [site, packages] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${site}/pyodide/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${site}/pyodide/` });

for (const [root, place] of [
  [site, "/site"],
  [packages, "/packages"],
]) {
  pyodide.FS.mkdirTree(place);
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root }, place);
}
pyodide.runPython(`
import ast, importlib.util, importlib._bootstrap_external as bootstrap, json
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# What nothing in a browser tab asks for: programs for a terminal or a desktop, servers, other processes, test tools, and
# the same in Python of what there is in C.
UNUSED = {
    "_pydatetime", "_pyio", "_pyrepl", "argparse", "bdb", "cProfile", "cmd", "code", "compileall", "configparser",
    "ctypes", "curses", "dbm", "difflib", "distutils", "doctest", "ensurepip", "filecmp", "fileinput", "ftplib",
    "getopt", "getpass", "gettext", "graphlib", "idlelib", "imaplib", "lib2to3", "mailbox", "modulefinder",
    "multiprocessing", "netrc", "optparse", "pdb", "pickletools", "plistlib", "poplib", "profile", "pstats", "pty",
    "py_compile", "pyclbr", "pydoc", "pydoc_data", "rlcompleter", "runpy", "sched", "shelve", "smtplib", "socketserver",
    "sqlite3", "statistics", "symtable", "tabnanny", "tarfile", "test", "timeit", "tkinter", "tomllib", "trace",
    "tracemalloc", "turtle", "turtledemo", "unittest", "venv", "wave", "webbrowser", "wsgiref", "xml", "xmlrpc",
    "zipapp",
}
UNUSED_PARTS = (
    "asyncio/__main__", "asyncio/proactor_events", "asyncio/tools", "asyncio/windows_", "concurrent/futures/process",
    "http/cookiejar", "http/server", "logging/config", "logging/handlers", "urllib/request", "urllib/robotparser",
)
# Of the many encodings of the world, those of protocols.
ENCODINGS = {
    "__init__", "aliases", "ascii", "base64_codec", "cp437", "hex_codec", "idna", "iso8859_1", "latin_1", "punycode",
    "quopri_codec", "raw_unicode_escape", "undefined", "unicode_escape", "utf_16", "utf_16_be", "utf_16_le", "utf_32",
    "utf_32_be", "utf_32_le", "utf_8", "utf_8_sig",
}

def is_used(name):
    first, _, rest = name.removesuffix(".py").partition("/")
    if first == "encodings":
        return rest in ENCODINGS
    return first not in UNUSED and not name.startswith(UNUSED_PARTS)

def without_docstrings(source, name):
    tree = ast.parse(source, name)
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.FunctionDef() | ast.AsyncFunctionDef() if ast.get_docstring(node) is not None:
                node.body[0] = ast.copy_location(ast.Pass(), node.body[0])
            # Those of enumerations are in the API's schema. Without any, a dataclass would make itself one.
            case ast.ClassDef(bases=bases) if ast.get_docstring(node) is not None:
                if not any(ast.unparse(base).endswith("Enum") for base in bases):
                    node.body[0].value.value = "-"
    return tree

def compiled(source, name, *, optimize):
    # Those of the API describe its operations and what they are given.
    told = source if optimize or name.startswith("alerting_api/") else without_docstrings(source, name)
    code = compile(told, name, "exec", dont_inherit=True, optimize=optimize)
    # Never checked against the source: that stays behind.
    return bootstrap._code_to_hash_pyc(code, importlib.util.source_hash(source), checked=False)

def repack(path, entries):
    made = path.with_suffix(".new")
    with ZipFile(made, "w", ZIP_DEFLATED, compresslevel=9) as new:
        for name, content in entries:
            info = ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type = ZIP_DEFLATED
            new.writestr(info, content)
    made.replace(path)

def contents(path):
    with ZipFile(path) as old:
        return [(name, old.read(name)) for name in sorted(old.namelist()) if not name.endswith("/")]

# Of the packages, what only type checkers, test tools, terminals, sockets, threads and other applications ask for.
UNUSED_OF_PACKAGES = (
    "annotated_types/test_cases", "anyio/_backends/", "anyio/_core/_sockets", "anyio/_core/_subprocesses",
    "anyio/_core/_tempfile", "anyio/from_thread", "anyio/functools", "anyio/itertools", "anyio/pytest_plugin",
    "anyio/streams/buffered", "anyio/streams/file", "anyio/streams/text", "anyio/streams/tls", "anyio/to_interpreter",
    "anyio/to_process", "fastapi/__main__", "fastapi/_cli", "fastapi/cli", "fastapi/testclient", "idna/",
    "pydantic/experimental/pipeline", "pydantic/mypy", "pydantic/v1/", "starlette/authentication", "starlette/config",
    "starlette/endpoints", "starlette/middleware/authentication", "starlette/middleware/cors",
    "starlette/middleware/gzip", "starlette/middleware/opentelemetry", "starlette/middleware/sessions",
    "starlette/middleware/wsgi", "starlette/schemas", "starlette/templating", "starlette/testclient",
)

# anyio reads the source of these to import the rest of itself only when it is asked for.
KEPT_AS_SOURCE = {"anyio/__init__.py", "anyio/abc/__init__.py"}

def entries(path, *, optimize, is_wanted=lambda name: True):
    # Compiled code lies in the place of its source: half of the size, and imported as it is.
    return [
        (name + "c", compiled(content, name, optimize=optimize))
        if name.endswith(".py") and name not in KEPT_AS_SOURCE else (name, content)
        for name, content in contents(path) if is_wanted(name)
    ]

def without_readme(entries):
    return [(name, content.partition(b"\\n\\n")[0] if name.endswith("/METADATA") else content) for name, content in entries]

def is_package_file(name):
    if ".dist-info/" in name:
        return name.endswith("/entry_points.txt")  # By which telemetry, which there is none of here, looks for itself.
    return name.endswith((".py", ".so")) and not name.startswith(UNUSED_OF_PACKAGES)

# The library and the packages go without docstrings and assertions, the platform without most docstrings.
library = Path("/site/pyodide/python_stdlib.zip")
repack(library, entries(library, optimize=2, is_wanted=is_used))
wheels = sorted(Path("/site/python").glob("*.whl"))
for wheel in wheels:
    repack(wheel, without_readme(entries(wheel, optimize=0)))
(api,) = [wheel for wheel in wheels if wheel.name.startswith("alerting_api")]
api_entries = contents(api)
for wheel in sorted(Path("/packages").glob("*.whl")):
    api_entries += entries(wheel, optimize=2, is_wanted=is_package_file)
repack(Path("/site/python/api.zip"), api_entries)
api.unlink()
names = [wheel.name for wheel in wheels if wheel != api]
Path("/site/python/files.json").write_text(json.dumps({"wheels": names, "api": "api.zip"}))
`);
