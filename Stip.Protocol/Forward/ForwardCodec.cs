using System.Globalization;
using Stip.Protocol.Completions;
using Stip.Protocol.Tensors;

namespace Stip.Protocol.Forward;

/// <summary>The safetensors form of a pass: scalars in <c>__metadata__</c>, inputs and outputs as tensors of their
/// names.</summary>
public static class ForwardCodec
{
    private const string Graph = "graph";
    private const string FirstRow = "first_row";
    private const string RowCount = "row_count";

    /// <summary>Makes one file of a request.</summary>
    /// <exception cref="ArgumentException">The dtype of an input is unknown.</exception>
    public static byte[] Write(ForwardRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var scalars = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [CompletionFields.Model] = request.Model,
        };
        if (request.Graph is { } graph)
        {
            scalars[Graph] = graph;
        }

        Add(scalars, FirstRow, request.FirstRow);
        Add(scalars, RowCount, request.RowCount);
        return SafetensorsWriter.ToBytes(Sources(request.Inputs), scalars);
    }

    /// <summary>Makes one file of an answer.</summary>
    /// <exception cref="ArgumentException">The dtype of an output is unknown.</exception>
    public static byte[] Write(ForwardResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return SafetensorsWriter.ToBytes(Sources(response.Outputs), Scalars(response));
    }

    /// <summary>Makes what stands before the outputs of an answer; their bytes follow in their order.</summary>
    /// <exception cref="ArgumentException">The dtype of an output is unknown.</exception>
    public static byte[] WriteHeader(ForwardResponse response)
    {
        ArgumentNullException.ThrowIfNull(response);
        return SafetensorsWriter.Header(Sources(response.Outputs), Scalars(response));
    }

    /// <summary>Reads a request; its tensors stay where they are in <paramref name="body"/>.</summary>
    /// <exception cref="InvalidDataException">Not a safetensors file.</exception>
    public static ForwardRequest ReadRequest(ReadOnlyMemory<byte> body)
    {
        var header = SafetensorsHeader.Read(body.Span);
        var fields = new MetadataReader(header.Metadata);
        return Request(fields, Tensors(header, body));
    }

    /// <summary>Reads the scalars and the declaration of the tensors, whose <c>Data</c> stays empty: a server judges
    /// them before it reads the bytes.</summary>
    public static ForwardRequest ReadRequest(SafetensorsHeader header)
    {
        ArgumentNullException.ThrowIfNull(header);
        var fields = new MetadataReader(header.Metadata);
        return Request(fields, header.Entries.Values.ToDictionary(
            entry => entry.Name, entry => new TensorPayload(entry.Dtype.WireName(), entry.Shape, default),
            StringComparer.Ordinal));
    }

    /// <summary>Reads an answer; its tensors stay where they are in <paramref name="body"/>.</summary>
    /// <exception cref="InvalidDataException">Not a safetensors file.</exception>
    public static ForwardResponse ReadResponse(ReadOnlyMemory<byte> body)
    {
        var header = SafetensorsHeader.Read(body.Span);
        var fields = new MetadataReader(header.Metadata);
        return new ForwardResponse(
            fields.Text(CompletionFields.Id) ?? "",
            fields.Text(CompletionFields.Object) ?? ForwardResponse.ObjectName,
            fields.Text(CompletionFields.Model) ?? "",
            Tensors(header, body))
        {
            Fingerprint = fields.Text(CompletionFields.Fingerprint),
            KeyEpoch = fields.Integer(CompletionFields.KeyEpoch),
        };
    }

    private static ForwardRequest Request(MetadataReader fields, IReadOnlyDictionary<string, TensorPayload> inputs) =>
        new(fields.Text(CompletionFields.Model) ?? "", inputs, fields.Text(Graph))
        {
            FirstRow = fields.Integer(FirstRow),
            RowCount = fields.Integer(RowCount),
        };

    private static void Add(Dictionary<string, string> scalars, string name, int? value)
    {
        if (value is { } number)
        {
            scalars[name] = number.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static Dictionary<string, string> Scalars(ForwardResponse response)
    {
        var scalars = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [CompletionFields.Id] = response.Id,
            [CompletionFields.Object] = response.Object,
            [CompletionFields.Model] = response.Model,
        };
        if (response.Fingerprint is { } fingerprint)
        {
            scalars[CompletionFields.Fingerprint] = fingerprint;
        }

        Add(scalars, CompletionFields.KeyEpoch, response.KeyEpoch);
        return scalars;
    }

    private static SafetensorsWriter.Source[] Sources(IReadOnlyDictionary<string, TensorPayload> tensors) =>
        [.. tensors.Select(tensor => SafetensorsWriter.Source.FromBytes(
            tensor.Key, Dtype(tensor.Key, tensor.Value), tensor.Value.Shape, tensor.Value.Data))];

    private static TensorDtype Dtype(string name, TensorPayload tensor) =>
        TensorDtypes.TryParseWire(tensor.Dtype, out var dtype)
            ? dtype
            : throw new ArgumentException($"dtype '{tensor.Dtype}' of '{name}' is unknown", nameof(tensor));

    private static Dictionary<string, TensorPayload> Tensors(SafetensorsHeader header, ReadOnlyMemory<byte> body) =>
        header.Entries.Values.ToDictionary(
            entry => entry.Name,
            entry => new TensorPayload(
                entry.Dtype.WireName(), entry.Shape,
                body.Slice((int)(header.DataOffset + entry.Offset), (int)entry.ByteLength)),
            StringComparer.Ordinal);
}
