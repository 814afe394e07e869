//! How Kepi's node travels: its task behind a mark of our own, everything else as Ballista does it.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::{
    common::{DataFusionError, Result},
    execution::TaskContext,
    physical_plan::ExecutionPlan,
};
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use kepi_engine::{
    parts::{ScanTask, version},
    portions,
};

use crate::node::{StatesExec, Work};

/// No message of Ballista's begins so: as Protocol Buffers, `K` would open a group, which those do not have.
const MARK: &[u8] = b"KEPI";

/// The same before what is made in portions.
const MADE: &[u8] = b"KEPM";

/// Instead of a task: asks for the version of who reads it.
pub const HELLO: &[u8] = b"hello";

/// What the answer to [`HELLO`] stands behind. This and the two words above never change, so that versions that differ can
/// tell each other so.
pub const ANSWER: &str = "kepi-version: ";

/// Ours first, Ballista's behind it.
#[derive(Debug, Default)]
pub struct Codec(BallistaPhysicalExtensionCodec);

impl PhysicalExtensionCodec for Codec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        context: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // Tasks are read here only to refuse them early.
        let (work, read) = if bytes == [MARK, HELLO].concat() {
            return Err(DataFusionError::Plan(format!("{ANSWER}{};", version())));
        } else if let Some(task) = bytes.strip_prefix(MARK) {
            (Work::Scan(task.into()), ScanTask::decode(task).map(drop))
        } else if let Some(task) = bytes.strip_prefix(MADE) {
            (Work::Portions(task.into()), portions::decode(task).map(drop))
        } else {
            return self.0.try_decode(bytes, inputs, context, converter);
        };
        read.map_err(|why| DataFusionError::Plan(why.to_string()))?;
        match inputs {
            [input] => Ok(Arc::new(StatesExec::new(work, Arc::clone(input)))),
            _ => Err(DataFusionError::Plan("a scan of Kepi has one input".to_owned())),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<StatesExec>() {
            Some(states) => {
                let (mark, task) = match states.work() {
                    Work::Scan(task) => (MARK, task),
                    Work::Portions(task) => (MADE, task),
                };
                bytes.extend_from_slice(mark);
                bytes.extend_from_slice(task);
                Ok(())
            }
            None => self.0.try_encode(node, bytes, converter),
        }
    }
}
