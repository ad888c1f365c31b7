using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Endpoints;

/// <summary>Which rows of a pass's outputs are given back. A language model without a cache is asked for one row of
/// logits of thousands.</summary>
/// <param name="First">The first one, from 0.</param>
/// <param name="Count">How many.</param>
/// <param name="Length">Rows that went in.</param>
internal sealed record WantedRows(int First, int Count, long Length)
{
    private static readonly WantedRows All = new(0, 0, 0);

    /// <summary>True where whole outputs are wanted.</summary>
    public bool AreAll => Count == 0;

    /// <summary>Of the rows, those that are wanted.</summary>
    public double Share => AreAll ? 1 : Count / (double)Length;

    /// <summary>Judges which rows a request asks for.</summary>
    public static Outcome<WantedRows> Judge(ForwardRequest request, DeclaredInputs inputs)
    {
        if ((request.FirstRow, request.RowCount) is (null, null))
        {
            return All;
        }

        var rows = inputs.Inputs.Where(input => input.GraphDtype.IsWireFloat() && input.Shape.Count == 3)
            .MaxBy(input => input.Shape[1]);
        var (first, count) = (request.FirstRow ?? 0, request.RowCount ?? 1);
        if (rows is null || rows.Shape[0] != 1)
        {
            return Refused("rows are chosen of a pass of one text [1, length, width] alone", "first_row");
        }

        return first < 0 || first >= rows.Shape[1]
            ? Refused($"first_row {first} is not in 0..{rows.Shape[1] - 1}", "first_row")
            : count < 1 || count > rows.Shape[1] - first
                ? Refused($"row_count {count} is not in 1..{rows.Shape[1] - first}", "row_count")
            : new WantedRows(first, count, rows.Shape[1]);
    }

    /// <summary>The outputs with these rows of those that have one for each that went in; nothing is copied.</summary>
    public IReadOnlyDictionary<string, TensorPayload> Of(IReadOnlyDictionary<string, TensorPayload> outputs) =>
        AreAll ? outputs
            : outputs.ToDictionary(output => output.Key, output => Of(output.Value), StringComparer.Ordinal);

    private TensorPayload Of(TensorPayload output)
    {
        if (output.Shape is not [1, var length, var width] || length != Length)
        {
            return output;
        }

        var row = output.Data.Length / (int)length;
        return new TensorPayload(output.Dtype, [1, Count, width], output.Data.Slice(First * row, Count * row));
    }

    private static Refusal Refused(string what, string param) => new(StipErrorCode.InvalidRequest, what, param);
}
