"""Sweeps: a grid of runs, planned as pretrainings and evaluations and carried out by a launcher.

A :class:`~vmbench.sweeps.grid.Grid` says what is asked for; :func:`~vmbench.sweeps.plan.plan_sweep`
makes :class:`~vmbench.sweeps.plan.Job` s of it, shared pretrainings once;
:func:`~vmbench.sweeps.schedule.carry_out` hands them to a launcher (processes of this machine, or
Ray) and watches them. A launcher is one file.
"""
