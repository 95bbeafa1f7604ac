//! Coded values: a closed list today, open for tomorrow.

/// Declares a coded enum: *not stated* (0), the listed values, and any other number kept as it
/// came, so that a newer sender's value survives and is shown.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $variant:ident = $code:literal => $text:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            /// Not stated.
            #[default]
            NotStated,
            $($(#[$vdoc])* $variant,)*
            /// A value that this program does not know, kept by its number.
            Unknown(i32),
        }

        impl $name {
            /// Every known value, in order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// From the number on the wire.
            pub fn from_code(code: i32) -> Self {
                match code {
                    0 => Self::NotStated,
                    $($code => Self::$variant,)*
                    other => Self::Unknown(other),
                }
            }

            /// The number on the wire.
            pub fn code(self) -> i32 {
                match self {
                    Self::NotStated => 0,
                    $(Self::$variant => $code,)*
                    Self::Unknown(code) => code,
                }
            }

            /// The name used in data; `unknown` for a value not known.
            pub fn name(self) -> &'static str {
                match self {
                    Self::NotStated => "not_stated",
                    $(Self::$variant => $text,)*
                    Self::Unknown(_) => "unknown",
                }
            }

            /// From the name used in data.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    "not_stated" => Some(Self::NotStated),
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    Self::Unknown(code) => write!(f, "unknown value {code}"),
                    known => f.pad(known.name()),
                }
            }
        }
    };
}

pub(super) use coded;
