"""Every generator in the library and the notebooks draws from a derived seed, or is explained in harlib.seeds."""

import ast
import re
from collections import defaultdict

import pytest
from test_sources import NOTEBOOKS, ROOT, source

from harlib import seeds

PACKAGE = ROOT / "src" / "harlib"
FILES = [*sorted(PACKAGE.rglob("*.py")), *NOTEBOOKS]
MAKERS = re.compile(
    r"(.+\.)?(default_rng|SeedSequence|RandomState|MT19937|PCG64|Philox|SFC64|manual_seed|random\.Random)|training\.train"
)
DRAWS = re.compile(
    r"torch\.(rand|randn|randint|randperm|normal|bernoulli|multinomial)|.+\.(exponential|normal|uniform)_"
)

# Where a generator is made from anything but `seeds.derive`: module or notebook, function, and the seed there.
EXPLAINED = {
    ("data", "_split", "state"),
    ("training", "train", "seed"),
    ("training", "reestimate_batch_norm", "0"),
    ("radar.simulate", "random_stream", "np.random.SeedSequence(words, spawn_key=(purpose,))"),
    ("radar.simulate", "random_stream", "words"),
    ("evaluate", "unpaired_drop", "[seed, number]"),
    ("evaluate", "calibration_by_chance", "seed"),
    ("evaluate", "_clustered", "seed"),
    ("integer.agreement", "random_inputs", "seed"),
    ("integer.agreement", "position_inputs", "seed"),
    ("check", "prune_fairly", "0"),
    ("plots.integer", "multipliers", "0"),
    ("02", "", "0"),
    ("03", "", "p.seed"),
    ("03", "", "p.seed + 1"),
    ("05", "", "3"),
}


def named(path):
    """A module as `radar.simulate`, a notebook by its number."""
    if path.suffix == ".ipynb":
        return path.stem[:2]
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def calls(node, function=""):
    """Each call below a node with the name of the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield function, child
        yield from calls(child, child.name if isinstance(child, ast.FunctionDef) else function)


def is_derived(node, derived):
    return ast.unparse(node) in derived or (isinstance(node, ast.Call) and ast.unparse(node.func) == "seeds.derive")


def others(text):
    """Function and seed of each generator whose seed is not derived where it is made, or that has none."""
    tree = ast.parse(text)
    assigned = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and is_derived(node.value, ())]
    derived = {ast.unparse(node.targets[0]) for node in assigned}
    for function, call in calls(tree):
        name = ast.unparse(call.func)
        keyword = "seed" if name == "training.train" else "random_state"  # how others are told what to draw from
        told = [given.value for given in call.keywords if given.arg == keyword]
        given = told or (call.args if MAKERS.fullmatch(name) and name != "training.train" else [])
        if MAKERS.fullmatch(name) and not given:
            yield function, "none"
        if DRAWS.fullmatch(name) and not any(keyword.arg == "generator" for keyword in call.keywords):
            yield function, f"{name} from the global stream"
        yield from ((function, ast.unparse(seed)) for seed in given if not is_derived(seed, derived))


def test_every_generator_draws_from_a_derived_seed_or_is_explained():
    found = {(named(path), *other) for path in FILES for other in others(source(path))}
    assert found == EXPLAINED


def test_each_exception_is_explained_where_the_scheme_stands():
    heads = re.findall(r"(?m)^- ([^:]+):", seeds.__doc__)
    explained = {where for head in heads for where in head.split(", ")}
    assert {where for where, _, _ in EXPLAINED} <= explained
    assert all((PACKAGE / f"{where.replace('.', '/')}.py").is_file() for where in explained if not where.isdigit())


def derived_words():
    """The words of each derived stream: constants as they are, `NAME` of a stage, and * for what varies."""
    for path in FILES:
        tree = ast.parse(source(path))
        names = {
            ast.unparse(node.targets[0]): node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        }
        for _, call in calls(tree):
            if is_derived(call, ()):
                seed, *words = call.args
                said = (w.value if isinstance(w, ast.Constant) else names.get(ast.unparse(w), "*") for w in words)
                yield named(path), ast.unparse(seed), tuple(said)


def test_no_two_users_share_a_stream():
    users, streams = defaultdict(set), defaultdict(list)
    for where, seed, words in derived_words():
        assert re.fullmatch(r"(p|parameters|task\.parameters)\.seed", seed), (where, seed)
        assert words[0] not in ("*", ""), f"{where}: the first word names no user"
        assert "/" not in "".join(map(str, words)), "the words are joined by it"
        users[words[0]].add(where)
        streams[words].append(where)
    assert users.pop("radar") == {"simulation", "01"}
    assert all(len(where) == 1 for where in users.values()), users
    assert all(len(where) == 1 for where in streams.values()), streams
    assert {"fp32", "qat", "pruned"} < set(users)


@pytest.mark.parametrize(
    "text",
    [
        "np.random.default_rng(0)",
        "np.random.default_rng(p.seed)",
        "np.random.default_rng()",
        "torch.manual_seed(seed)",
        "torch.Generator().manual_seed(7)",
        "training.train(model, x, y, seed=3)",
        "training.train(model, x, y)",
        "KFold(5, shuffle=True, random_state=0)",
        "torch.randperm(5)",
        "weight.normal_()",
        "seed = p.seed\ntorch.manual_seed(seed)",
    ],
)
def test_the_search_sees_what_it_looks_for(text):
    assert list(others(text)) != []


def test_the_search_passes_what_is_derived():
    text = 'seed = seeds.derive(p.seed, "a")\nnp.random.default_rng(seed)\ntorch.manual_seed(seeds.derive(p.seed, "b"))'
    assert list(others(text)) == []
