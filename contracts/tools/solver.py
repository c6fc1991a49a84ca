"""Answer a question of halmos: what yices does not find at once, cvc5 proves over the integers.

Solidity checks a product by dividing it again. Bit by bit no solver gets through such a division;
but where the widths of both factors show that their product does not wrap, the quotient is the
other factor, and what remains are products of integers. cvc5 may only say that there is no
counterexample; a counterexample comes from yices, and from the question as halmos wrote it.
"""

import subprocess
import sys
from collections.abc import Iterator

import cvc5
import z3

YICES_SECONDS = 2
# Less than what halmos grants in all (see Makefile): the rest is for yices again.
CVC5_MILLISECONDS = 30_000

# What a division by zero is: all ones in SMT-LIB, nothing in the EVM, which halmos has a name for.
BY_ZERO = {"bvudiv": -1, "f_evm_bvudiv_256": 0}


def zeros(term: z3.BitVecRef) -> int:
    """Leading bits that are zero by the form of a term, whatever its variables are."""
    if z3.is_bv_value(term):
        return term.size() - term.as_long().bit_length()
    if z3.is_app_of(term, z3.Z3_OP_CONCAT):
        first = term.arg(0)
        return zeros(first) + (zeros(term.arg(1)) if zeros(first) == first.size() else 0)
    return 0


def quotients(term: z3.ExprRef, seen: set[int]) -> Iterator[tuple[z3.ExprRef, z3.ExprRef]]:
    """Each `(a * b) / b` inside a term whose product can't wrap, and what it equals."""
    if term.get_id() in seen:
        return
    seen.add(term.get_id())
    for part in term.children():
        yield from quotients(part, seen)
    if term.decl().name() not in BY_ZERO or not z3.is_app_of(term.arg(0), z3.Z3_OP_BMUL):
        return
    product, divisor = term.children()
    if product.num_args() != 2:
        return
    by_zero = z3.BitVecVal(BY_ZERO[term.decl().name()], product.size())
    for factor, other in (product.children(), product.children()[::-1]):
        if other.eq(divisor) and zeros(factor) + zeros(other) >= product.size():
            yield term, z3.If(other == 0, by_zero, factor)
            return


def without_checked_products(question: str) -> str:
    """Return an equivalent question in which no product is divided to see whether it wrapped."""
    asked = z3.Solver()
    asked.from_file(question)
    seen: set[int] = set()
    equal = [pair for assertion in asked.assertions() for pair in quotients(assertion, seen)]
    restated = z3.Solver()
    restated.add(
        [z3.simplify(z3.substitute(assertion, *equal)) for assertion in asked.assertions()]
    )
    # z3 has its own name for a division by what is not zero.
    return "(set-logic ALL)\n" + restated.to_smt2().replace("bvudiv_i", "bvudiv")


def proven_over_integers(question: str) -> bool:
    """Whether cvc5 finds that there is no counterexample."""
    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("solve-bv-as-int", "sum")
    solver.setOption("tlimit-per", str(CVC5_MILLISECONDS))
    parser = cvc5.InputParser(solver)
    parser.setStringInput(
        cvc5.InputLanguage.SMT_LIB_2_6, without_checked_products(question), question
    )
    answer = ""
    while not (command := parser.nextCommand()).isNull():
        answer += command.invoke(solver, parser.getSymbolManager())
    return answer.strip() == "unsat"


def by_yices(question: str, *, seconds: int | None) -> str:
    """Return what yices says, its counterexample included; nothing if it takes longer."""
    try:
        done = subprocess.run(  # noqa: S603  # halmos names the file
            ["yices-smt2", "--smt2-model-format", question],  # noqa: S607  # of this environment
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout


def main(question: str) -> None:
    """Print the answer as solvers do."""
    answer = by_yices(question, seconds=YICES_SECONDS)
    if not answer and proven_over_integers(question):
        answer = "unsat\n"
    print(answer or by_yices(question, seconds=None), end="")


if __name__ == "__main__":
    main(sys.argv[1])
