//! Roots and minima of a function of one number.

use super::{OptimiseError, Stopping};

/// The root of `f` in `[low, high]`, where its signs differ.
///
/// Brent (1973), *Algorithms for Minimization without Derivatives*, chapter 4.
///
/// # Errors
/// `NoBracket` when the signs agree or a value is NaN; `NoConvergence`.
pub fn root(
    mut f: impl FnMut(f64) -> f64,
    low: f64,
    high: f64,
    stopping: Stopping,
) -> Result<f64, OptimiseError> {
    let (mut a, mut b) = (low, high);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return Ok(a);
    }
    if fb == 0.0 {
        return Ok(b);
    }
    if fa.is_nan() || fb.is_nan() || (fa > 0.0) == (fb > 0.0) {
        return Err(OptimiseError::NoBracket);
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut before = step;
    for _ in 0..stopping.iterations {
        if (fb > 0.0) == (fc > 0.0) {
            (c, fc) = (a, fa);
            step = b - a;
            before = step;
        }
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let precision = 2.0 * f64::EPSILON * b.abs() + 0.5 * stopping.tolerance * b.abs().max(1e-300);
        let half = 0.5 * (c - b);
        if half.abs() <= precision || fb == 0.0 {
            return Ok(b);
        }
        if before.abs() >= precision && fa.abs() > fb.abs() {
            let s = fb / fa;
            let (mut p, mut q);
            if (a - c).abs() <= 0.0 {
                p = 2.0 * half * s;
                q = 1.0 - s;
            } else {
                let r = fb / fc;
                let t = fa / fc;
                p = s * (2.0 * half * t * (t - r) - (b - a) * (r - 1.0));
                q = (t - 1.0) * (r - 1.0) * (s - 1.0);
            }
            if p > 0.0 {
                q = -q;
            }
            p = p.abs();
            if 2.0 * p < (3.0 * half * q - (precision * q).abs()).min((before * q).abs()) {
                before = step;
                step = p / q;
            } else {
                step = half;
                before = half;
            }
        } else {
            step = half;
            before = half;
        }
        (a, fa) = (b, fb);
        b += if step.abs() > precision { step } else { precision.copysign(half) };
        fb = f(b);
        if fb.is_nan() {
            return Err(OptimiseError::NoBracket);
        }
    }
    Err(OptimiseError::NoConvergence { iterations: stopping.iterations })
}

/// A local minimum of `f` in `[low, high]`: the argument and the value.
///
/// Brent (1973), chapter 5: golden section with parabolic steps. The argument is
/// good to about the square root of the precision of `f`.
///
/// # Errors
/// `NotFinite` when `f` is NaN; `NoConvergence`.
pub fn minimise_scalar(
    mut f: impl FnMut(f64) -> f64,
    low: f64,
    high: f64,
    stopping: Stopping,
) -> Result<(f64, f64), OptimiseError> {
    const GOLDEN: f64 = 0.381_966_011_250_105_1;
    let (mut a, mut b) = (low.min(high), low.max(high));
    let mut x = a + GOLDEN * (b - a);
    let (mut w, mut v) = (x, x);
    let mut fx = f(x);
    let (mut fw, mut fv) = (fx, fx);
    let (mut step, mut before) = (0.0_f64, 0.0_f64);
    for _ in 0..stopping.iterations {
        if fx.is_nan() {
            return Err(OptimiseError::NotFinite);
        }
        let middle = 0.5 * (a + b);
        let precision = stopping.tolerance.max(1e-12) * x.abs() + 1e-14;
        if (x - middle).abs() <= 2.0 * precision - 0.5 * (b - a) {
            return Ok((x, fx));
        }
        let mut golden = true;
        if before.abs() > precision {
            let r = (x - w) * (fx - fv);
            let mut q = (x - v) * (fx - fw);
            let mut p = (x - v) * q - (x - w) * r;
            q = 2.0 * (q - r);
            if q > 0.0 {
                p = -p;
            }
            q = q.abs();
            if p.abs() < (0.5 * q * before).abs() && p > q * (a - x) && p < q * (b - x) {
                before = step;
                step = p / q;
                let u = x + step;
                if u - a < 2.0 * precision || b - u < 2.0 * precision {
                    step = precision.copysign(middle - x);
                }
                golden = false;
            }
        }
        if golden {
            before = if x < middle { b - x } else { a - x };
            step = GOLDEN * before;
        }
        let u = x + if step.abs() >= precision { step } else { precision.copysign(step) };
        let fu = f(u);
        if fu <= fx {
            if u < x {
                b = x;
            } else {
                a = x;
            }
            (v, fv) = (w, fw);
            (w, fw) = (x, fx);
            (x, fx) = (u, fu);
        } else {
            if u < x {
                a = u;
            } else {
                b = u;
            }
            // Exact comparison on purpose: `w` still equals `x` only before the first improvement.
            #[expect(clippy::float_cmp, reason = "identity of two stored points, not nearness")]
            if fu <= fw || w == x {
                (v, fv) = (w, fw);
                (w, fw) = (u, fu);
            } else if fu <= fv || v == x || v == w {
                (v, fv) = (u, fu);
            }
        }
    }
    Err(OptimiseError::NoConvergence { iterations: stopping.iterations })
}
