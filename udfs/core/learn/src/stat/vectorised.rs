//! Loops as wide as the processor's vectors.

/// Functions whose body is compiled for each kind of processor. (A closure would not be: it is compiled once, for the least.)
macro_rules! vectorised {
    ($(#[$doc:meta])* fn $name:ident<$life:lifetime>($($argument:ident: $type:ty),*) -> $output:ty $body:block) => {
        $(#[$doc])*
        pub fn $name<$life>($($argument: $type),*) -> $output {
            struct Body<$life> {
                $($argument: $type),*
            }
            impl<$life> pulp::NullaryFnOnce for Body<$life> {
                type Output = $output;

                #[inline(always)]
                fn call(self) -> $output {
                    let Self { $($argument),* } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Body { $($argument),* })
        }
    };
}

pub(in crate::stat) use vectorised;
