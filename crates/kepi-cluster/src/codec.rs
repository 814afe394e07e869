//! How Kepi's node travels: its task behind a mark of our own, everything else as Ballista does it.

use std::sync::Arc;

use ballista_core::serde::BallistaPhysicalExtensionCodec;
use datafusion::{
    common::{DataFusionError, Result},
    execution::TaskContext,
    physical_plan::ExecutionPlan,
};
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use kepi_engine::parts::{ScanTask, version};

use crate::node::StatesExec;

/// No message of Ballista's begins so: as Protocol Buffers, `K` would open a group, which those do not have.
const MARK: &[u8] = b"KEPI";

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
        let Some(task) = bytes.strip_prefix(MARK) else {
            return self.0.try_decode(bytes, inputs, context, converter);
        };
        if task == HELLO {
            return Err(DataFusionError::Plan(format!("{ANSWER}{};", version())));
        }
        // Read here only to refuse it early.
        ScanTask::decode(task).map_err(|why| DataFusionError::Plan(why.to_string()))?;
        match inputs {
            [input] => Ok(Arc::new(StatesExec::new(task.into(), Arc::clone(input)))),
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
                bytes.extend_from_slice(MARK);
                bytes.extend_from_slice(states.task());
                Ok(())
            }
            None => self.0.try_encode(node, bytes, converter),
        }
    }
}
