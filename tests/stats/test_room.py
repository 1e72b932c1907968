"""What the room promises as a whole."""

import subprocess
import sys

import evalplat.stats as room


def test_importing_it_and_deciding_by_it_loads_no_heavy_part():
    script = (
        "import sys, evalplat.stats as s\n"
        "assert 'scipy' not in sys.modules, 'import'\n"
        "s.cluster_mean([1.0, 2.0, 4.0]).interval(0.9); s.tango(1, 7, 21).interval(0.9); s.mcnemar(1, 7)\n"
        "s.clopper_pearson(1, 9).upper(0.05); s.needed_clusters(0.1, 30, 0.1)\n"
        "heavy = {'scipy.stats', 'scipy.optimize', 'statsmodels', 'pandas', 'mlflow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_public_function_cites_its_source_and_its_errors():
    functions = [name for name in room.__all__ if name.islower() and name != "needed_trials"]
    assert len(functions) > 15
    for name in functions:
        text = getattr(room, name).__doc__
        assert "ValueError" in text or "as for" in text, name
        assert "(19" in text or "(20" in text or "as for" in text, name
