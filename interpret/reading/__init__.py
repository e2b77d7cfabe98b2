"""Questions put to what was learned: potentials, Taylor tensors, poles, couplings."""
