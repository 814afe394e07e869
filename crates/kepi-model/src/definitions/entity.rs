//! Entities and their attributes.

use crate::{
    decode::{AttributeType, List, Map, Name, Scale, table},
    id::{AttributeId, EntityId},
};

table! {
    Attribute = "attribute", "An attribute of an entity.";
    type_ "type": AttributeType, required, "What it holds.", "number, 2 decimals";
    name: String, optional;
    description: String, optional;
    values: List<String>, optional, "The members of an `enum`.", "[web, phone]";
    scale: Scale, optional, "Lowest and highest answer; integers only.", "1..5";
    personal: bool, default "false", "Whether it is personal data.", "true";
}

table! {
    Entity = "entity", "Adds attributes to a built-in entity, or declares a new one.";
    entity: Name<EntityId>, required, "A built-in entity, or a new name.", "survey_response";
    name: String, optional;
    description: String, optional;
    key_ "key": List<AttributeId>, optional, "The attributes that identify a row; required for a new entity.", "[id]";
    time: AttributeId, optional, "The attribute that dates a row by default.", "visited_at";
    attributes: Map<Name<AttributeId>, Attribute>, optional, "Attributes by name.", "{terminal: {type: text}}";
}
