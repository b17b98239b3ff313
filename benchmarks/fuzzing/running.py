"""Cases one after another, findings in groups, and a command line."""

import argparse
import re
import time
import traceback
import warnings
from collections import defaultdict
from pathlib import Path

import numpy
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from .calls import BLAS_THREADS, Watch


def run_case(draw_case, seed, number, verbose=False):
    """Run one case; return its watch."""
    watch = Watch(verbose)
    with threadpool_limits(BLAS_THREADS, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in the checks; calls under watch record their own
        try:
            draw_case(watch, numpy.random.default_rng([seed, number]))
        except Exception as error:
            watch.found(f"a check fails: {type(error).__name__}: {error}", trace=traceback.format_exc())
    return watch


def run_cases(draw_case, seed, n_fits, first=0, step=1):
    """Run cases up to a number of fits; return findings by case, the fits, and the cases."""
    findings, done, number = [], 0, first
    while done < n_fits:
        watch = run_case(draw_case, seed, number)
        findings += [(number, finding) for finding in watch.findings]
        done += max(watch.n_fits, 1)
        number += step
    return findings, done, (number - first) // step


def grouped(findings):
    """Return findings grouped by their message without numbers and names."""
    groups = defaultdict(list)
    for number, finding in findings:
        groups[key_of(finding.group)].append((number, finding))
    return sorted(groups.values(), key=len, reverse=True)


def key_of(message):
    """Return a message without numbers and names."""
    message = re.sub(r"Classifier|Regressor|; .*", "", message)
    message = re.sub(r"0x[0-9a-f]+|-?\d[\d.,]*(e[+-]?\d+)?", "#", message)
    message = re.sub(r"'[^']*'|\[[^]]*\]", "...", message)
    return " ".join(message.split())[:110]


def report(script, seed, findings):
    """Print groups of findings, each with the command that reproduces it."""
    for group in grouped(findings):
        number, finding = group[0]
        cases = sorted({number for number, _ in group})
        print(f"\n{len(group)} x {' '.join(finding.group.split())[:400]}")
        details = list(dict.fromkeys(" ".join(finding.detail.split())[:160] for _, finding in group if finding.detail))
        for detail in details[:4]:
            print(f"    {detail}")
        print(
            f"    python benchmarks/{script} --seed {seed} --case {number}"
            + (f"    (also {', '.join(map(str, cases[1:6]))})" if len(cases) > 1 else "")
        )


def main(script, draw_case, n_fits):
    """Read the command line, run, report; return the exit status."""
    parser = argparse.ArgumentParser(prog=Path(script).name)
    parser.add_argument("--fits", type=int, default=n_fits)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="run this case alone, and tell all about it")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    if options.case is not None:
        watch = run_case(draw_case, options.seed, options.case, verbose=True)
        for finding in watch.findings:
            print(f"\nFOUND {finding.group}\n  {finding.detail}\n{finding.trace}")
        return 1 if watch.findings else 0
    start = time.perf_counter()
    share = -(-options.fits // options.jobs)
    parts = Parallel(options.jobs)(
        delayed(run_cases)(draw_case, options.seed, share, first, options.jobs) for first in range(options.jobs)
    )
    findings = [found for part, _, _ in parts for found in part]
    fits, cases = (sum(part[i] for part in parts) for i in (1, 2))
    report(Path(script).name, options.seed, findings)
    seconds = time.perf_counter() - start
    print(
        f"\n{fits} fits in {cases} cases, seed {options.seed}: {len(findings)} findings in {len(grouped(findings))} "
        f"groups, {1000 * seconds / fits:.0f} ms a fit"
    )
    return 1 if findings else 0
