//! Compiles `proto/` with protox (no `protoc` needed) and generates the server code.
//!
//! The server must keep the exact bytes of an event, which a typed field would lose. So the code is
//! generated from a copy of the descriptor set in which every `CaseEvent` field of the ledger's
//! messages is `bytes` (on the wire the two are the same); the unchanged set is what reflection
//! shows. `CaseEvent` itself is generated too, for the typed view.

fn main() {
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "server")]
    if let Err(problem) = server::generate() {
        println!("cargo:warning=cannot generate code from proto/: {problem}");
        std::process::exit(1);
    }
}

#[cfg(feature = "server")]
mod server {
    use std::error::Error;
    use std::path::PathBuf;

    use protox::prost_reflect::prost_types::field_descriptor_proto::Type;
    use protox::prost_reflect::prost_types::{DescriptorProto, FileDescriptorSet};

    const EVENT: &str = ".caseledger.v1.CaseEvent";
    const FILES: [&str; 4] = [
        "caseledger/v1/event.proto",
        "caseledger/v1/ledger.proto",
        "caseledger/v1/integrity.proto",
        "caseledger/v1/inquiry.proto",
    ];

    pub(crate) fn generate() -> Result<(), Box<dyn Error>> {
        let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
        let mut compiler = protox::Compiler::new(["proto"])?;
        compiler
            .include_imports(true)
            .include_source_info(true)
            .open_files(FILES)?;
        let set = compiler.file_descriptor_set();
        std::fs::write(
            out.join("caseledger_descriptor.bin"),
            compiler.encode_file_descriptor_set(),
        )?;
        tonic_prost_build::configure()
            .build_client(true)
            .build_server(true)
            .emit_rerun_if_changed(false)
            .compile_fds(with_raw_events(set))?;
        Ok(())
    }

    /// Turns every `CaseEvent` field of `ledger.proto` into `bytes`.
    fn with_raw_events(mut set: FileDescriptorSet) -> FileDescriptorSet {
        for file in &mut set.file {
            if file.name() == "caseledger/v1/ledger.proto" {
                file.message_type.iter_mut().for_each(raw_events);
            }
        }
        set
    }

    fn raw_events(message: &mut DescriptorProto) {
        for field in message
            .field
            .iter_mut()
            .filter(|field| field.type_name() == EVENT)
        {
            field.set_type(Type::Bytes);
            field.type_name = None;
        }
        message.nested_type.iter_mut().for_each(raw_events);
    }
}
