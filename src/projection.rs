//! Pure folds over a sealed cut of a case.
