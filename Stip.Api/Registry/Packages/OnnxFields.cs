namespace Stip.Api.Registry.Packages;

/// <summary>The kinds of ONNX messages that can hold a reference to a file, and the fields that lead to them.</summary>
internal static class OnnxFields
{
    internal enum Kind
    {
        Model,
        Graph,
        Node,
        Attribute,
        Tensor,
        SparseTensor,
        Function,
        Training,
        Entry,
    }

    /// <summary>The kind of message that a length-delimited field holds; null for anything else.</summary>
    public static Kind? Child(Kind kind, int field) => (kind, field) switch
    {
        (Kind.Model, 7) => Kind.Graph,
        (Kind.Model, 20) => Kind.Training,
        (Kind.Model, 25) => Kind.Function,
        (Kind.Training, 1 or 2) => Kind.Graph,
        (Kind.Graph, 1) => Kind.Node,
        (Kind.Graph, 5) => Kind.Tensor,
        (Kind.Graph, 15) => Kind.SparseTensor,
        (Kind.Function, 7) => Kind.Node,
        (Kind.Function, 11) => Kind.Attribute,
        (Kind.Node, 5) => Kind.Attribute,
        (Kind.Attribute, 5 or 10) => Kind.Tensor,
        (Kind.Attribute, 6 or 11) => Kind.Graph,
        (Kind.Attribute, 22 or 23) => Kind.SparseTensor,
        (Kind.SparseTensor, 1 or 2) => Kind.Tensor,
        (Kind.Tensor, 13) => Kind.Entry,
        _ => null,
    };

    /// <summary>Inputs of a graph, one field each.</summary>
    public const int GraphInput = 11;

    public const int GraphOutput = 12;

    public const int FunctionName = 1;

    /// <summary>Names of a function's inputs, one field each.</summary>
    public const int FunctionInput = 4;

    public const int FunctionDomain = 10;

    public const int ValueName = 1;

    public const int ValueType = 2;

    /// <summary>Of a type, what it is where it is a tensor's.</summary>
    public const int TypeTensor = 1;

    public const int TensorTypeElement = 1;

    /// <summary>Operator type of a node.</summary>
    public const int NodeOpType = 4;

    /// <summary>Names of a node's inputs, one field each.</summary>
    public const int NodeInput = 1;

    public const int NodeOutput = 2;

    public const int NodeAttribute = 5;

    public const int NodeDomain = 7;

    public const int AttributeName = 1;

    /// <summary>The one integer of an attribute.</summary>
    public const int AttributeInteger = 3;

    /// <summary>The one tensor of an attribute.</summary>
    public const int AttributeTensor = 5;

    public const int TensorDims = 1;

    public const int TensorType = 2;

    public const ulong Float = 1;

    public const ulong Float16 = 10;

    public const ulong BFloat16 = 16;

    public const int TensorName = 8;

    public const int EntryKey = 1;

    public const int EntryValue = 2;
}
