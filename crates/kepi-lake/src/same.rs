//! A column of a Parquet file of which all rows have one text: a dictionary that holds it, and for each row its first entry. The
//! library's writer would look every value up, a fourteenth of the time that a landing takes.

use std::io::Write;

use bytes::Bytes;
use parquet::{
    basic::{Compression, Encoding},
    column::{
        page::{CompressedPage, Page, PageWriter},
        writer::ColumnCloseResult,
    },
    errors::ParquetError,
    file::{
        metadata::{ColumnChunkMetaData, OffsetIndexBuilder},
        writer::{SerializedPageWriter, SerializedRowGroupWriter, TrackedWrite},
    },
    schema::types::ColumnDescPtr,
};

/// Appends the next column of a row group: so many rows, all with this text. The column is one that may have no value.
pub(crate) fn append<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &ColumnDescPtr,
    text: &str,
    rows: usize,
) -> Result<(), ParquetError> {
    let too_many = |_| ParquetError::General(format!("{rows} rows, or a text of {} bytes", text.len()));
    let (length, values) =
        (u32::try_from(text.len()).map_err(too_many)?, u32::try_from(rows).map_err(too_many)?);
    let mut dictionary = length.to_le_bytes().to_vec();
    dictionary.extend_from_slice(text.as_bytes());
    let there = run(values, 1);
    let mut body = (there.len() as u32).to_le_bytes().to_vec();
    body.extend_from_slice(&there);
    // Entries of the dictionary are told by one bit each.
    body.push(1);
    body.extend_from_slice(&run(values, 0));
    let (of_dictionary, of_body) = (dictionary.len(), body.len());
    let dictionary = Page::DictionaryPage {
        buf: dictionary.into(),
        num_values: 1,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    };
    let body = Page::DataPage {
        buf: body.into(),
        num_values: values,
        encoding: Encoding::RLE_DICTIONARY,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let mut written = TrackedWrite::new(Vec::new());
    let mut pages = SerializedPageWriter::new(&mut written);
    pages.write_page(CompressedPage::new(dictionary, of_dictionary))?;
    let page = pages.write_page(CompressedPage::new(body, of_body))?;
    let written = Bytes::from(written.into_inner()?);
    let unencoded = i64::from(length) * i64::from(values);
    let mut places = OffsetIndexBuilder::new();
    places.append_row_count(i64::from(values));
    places.append_offset_and_size(page.offset as i64, page.compressed_size as i32);
    places.append_unencoded_byte_array_data_bytes(Some(unencoded));
    let metadata = ColumnChunkMetaData::builder(column.clone())
        .set_compression(Compression::UNCOMPRESSED)
        .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
        .set_num_values(i64::from(values))
        .set_total_compressed_size(written.len() as i64)
        .set_total_uncompressed_size(written.len() as i64)
        .set_dictionary_page_offset(Some(0))
        .set_data_page_offset(page.offset as i64)
        .set_unencoded_byte_array_data_bytes(Some(unencoded))
        .build()?;
    let close = ColumnCloseResult {
        bytes_written: written.len() as u64,
        rows_written: rows as u64,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: Some(places.build()),
    };
    group.append_column(&written, close)
}

/// So many times the same bit, as one run.
fn run(times: u32, bit: u8) -> Vec<u8> {
    let mut run = Vec::new();
    let mut header = u64::from(times) << 1;
    while header >= 0x80 {
        run.push(header as u8 | 0x80);
        header >>= 7;
    }
    run.extend([header as u8, bit]);
    run
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::{
        array::{Array, AsArray, Int64Array},
        datatypes::{DataType, Field, Schema},
    };
    use parquet::{
        arrow::{
            ArrowWriter,
            arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection},
            arrow_writer::compute_leaves,
        },
        file::metadata::PageIndexPolicy,
    };

    use super::*;

    #[test]
    fn every_row_has_the_text_in_every_row_group_also_where_some_are_read() {
        for (text, groups) in [("", vec![1, 3]), ("a text", vec![63, 64, 70_000]), ("é", vec![1_000_000])] {
            let text_field = Field::new("text", DataType::Utf8, true);
            let number = Arc::new(Field::new("number", DataType::Int64, true));
            let schema = Arc::new(Schema::new(vec![Arc::new(text_field), Arc::clone(&number)]));
            let writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
            let (mut file, factory) = writer.into_serialized_writer().unwrap();
            let columns = file.schema_descr().columns().to_vec();
            for (at, rows) in groups.iter().enumerate() {
                let mut writers = factory.create_column_writers(at).unwrap();
                let numbers: arrow::array::ArrayRef = Arc::new(Int64Array::from_iter_values(0..*rows));
                for leaf in compute_leaves(&number, &numbers).unwrap() {
                    writers[1].write(&leaf).unwrap();
                }
                let mut group = file.next_row_group().unwrap();
                append(&mut group, &columns[0], text, *rows as usize).unwrap();
                writers.remove(1).close().unwrap().append_to_row_group(&mut group).unwrap();
                group.close().unwrap();
            }
            let bytes = Bytes::from(file.into_inner().unwrap());
            let all: usize = groups.iter().sum::<i64>() as usize;
            let options = || ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Required);
            let some = all / 2..all / 2 + 1;
            for rows in [None, Some(some)] {
                let mut builder =
                    ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options()).unwrap();
                let wanted = rows.as_ref().map_or(all, |rows| rows.len());
                if let Some(rows) = rows {
                    let selection = RowSelection::from_consecutive_ranges(std::iter::once(rows), all);
                    builder = builder.with_row_selection(selection);
                }
                let mut read = 0;
                for batch in builder.build().unwrap() {
                    let batch = batch.unwrap();
                    let texts = batch.column(0).as_string::<i32>();
                    assert!(texts.null_count() == 0 && texts.iter().all(|own| own == Some(text)));
                    read += batch.num_rows();
                }
                assert_eq!(read, wanted, "{text:?} {groups:?}");
            }
        }
    }
}
