// Compile Python's own library and the platform's wheels for the Python of the browser, so that no visitor's browser has
// to: half of the time until the page is usable went into that.
//
// Arguments: folder of the site, with pyodide/ and python/ in it. Both are changed in place.
import { pathToFileURL } from "node:url";

const [site] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${site}/pyodide/pyodide.mjs`).href);
const pyodide = await loadPyodide({ indexURL: `${site}/pyodide/` });

pyodide.FS.mkdirTree("/site");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: site }, "/site");
pyodide.runPython(`
import importlib.util, importlib._bootstrap_external as bootstrap
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# What nothing in a browser tab asks for: programs for a terminal or a desktop, servers, other processes, test tools.
UNUSED = {
    "_pyrepl", "bdb", "cProfile", "cmd", "code", "compileall", "ctypes", "curses", "dbm", "distutils", "doctest",
    "ensurepip", "filecmp", "ftplib", "idlelib", "imaplib", "lib2to3", "mailbox", "modulefinder", "multiprocessing",
    "optparse", "pdb", "pickletools", "plistlib", "poplib", "profile", "pstats", "pty", "pyclbr", "pydoc",
    "pydoc_data", "shelve", "smtplib", "sqlite3", "tabnanny", "test", "timeit", "tkinter", "tomllib", "trace",
    "tracemalloc", "turtle", "turtledemo", "unittest", "venv", "wsgiref", "xml", "xmlrpc", "zipapp",
}
# Of the many encodings of the world, those of protocols.
ENCODINGS = {
    "__init__", "aliases", "ascii", "base64_codec", "cp437", "hex_codec", "idna", "iso8859_1", "latin_1", "punycode",
    "quopri_codec", "raw_unicode_escape", "undefined", "unicode_escape", "utf_16", "utf_16_be", "utf_16_le", "utf_32",
    "utf_32_be", "utf_32_le", "utf_8", "utf_8_sig",
}

def is_used(name):
    first, _, rest = name.removesuffix(".py").partition("/")
    return rest in ENCODINGS if first == "encodings" else first not in UNUSED

def compiled(source, name, *, optimize):
    code = compile(source, name, "exec", dont_inherit=True, optimize=optimize)
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

# Compiled code lies in the place of its source: half of the size, and imported as it is. The library goes without its
# docstrings; the platform is compiled as everywhere else.
library = Path("/site/pyodide/python_stdlib.zip")
repack(library, [
    (name + "c", compiled(content, name, optimize=2)) if name.endswith(".py") else (name, content)
    for name, content in contents(library) if is_used(name)
])
for wheel in Path("/site/python").glob("*.whl"):
    repack(wheel, [
        (name + "c", compiled(content, name, optimize=0)) if name.endswith(".py") else (name, content)
        for name, content in contents(wheel)
    ])
`);
