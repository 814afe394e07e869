//! The projects under `examples/` are free of errors.

use std::{fs, path::Path};

use kepi_model::{
    check::{Options, check},
    finding::Severity,
    render,
    source_text::{SourceFile, SourceMap},
};

pub fn read(folder: &Path, root: &Path, into: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "data" && !name.starts_with('.') {
            read(&path, root, into);
        } else if path.extension().is_some_and(|e| e == "yml") {
            into.push(SourceFile {
                path: path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"),
                text: fs::read_to_string(&path).unwrap().into(),
            });
        }
    }
}

#[test]
fn every_example_is_free_of_errors() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    let mut errors = String::new();
    for entry in fs::read_dir(&examples).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("kepi.yml").exists() {
            continue;
        }
        seen += 1;
        let mut files = Vec::new();
        read(&folder, &folder, &mut files);
        let files = SourceMap::new(files);
        let checked = check(&files, &Options::default());
        let wrong: Vec<_> = checked
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Error || std::env::var_os("SHOW_WARNINGS").is_some())
            .cloned()
            .collect();
        if !wrong.is_empty() {
            errors.push_str(&format!("\n== {}\n{}", folder.display(), render::text(&wrong, &files, false)));
        }
        assert!(checked.value.is_some() || !wrong.is_empty());
    }
    assert!(seen > 0, "no example under {}", examples.display());
    assert!(errors.is_empty(), "{errors}");
}
