"""Laws of motion in their weak form: integrals over short windows, and no accelerations.

∫ ψ' ∂L/∂q̇ dt + ∫ ψ (∂L/∂q - ∂R/∂q̇ + Q) dt = 0
"""
