using Stip.Api.Engine.Forward;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Inputs of a graph without a cache, judged. Only its judges make them.</summary>
internal sealed class ValidInputs : IDisposable
{
    private readonly List<TensorRoom> _rented = [];
    private readonly Dictionary<string, TensorPayload> _tensors = new(StringComparer.Ordinal);

    private ValidInputs(DeclaredInputs declared) => Axes = declared.Axes;

    /// <summary>In the graph's types; good until these inputs are disposed of.</summary>
    public IReadOnlyDictionary<string, TensorPayload> Tensors => _tensors;

    /// <summary>Lengths of the axes that have a name.</summary>
    public IReadOnlyDictionary<string, long> Axes { get; }

    /// <summary>Judges names, types, shapes, sizes and numbers; float rows are converted to the graph's type.</summary>
    public static Outcome<ValidInputs> Judge(
        GraphManifest graph, IReadOnlyDictionary<string, TensorPayload>? inputs) =>
        DeclaredInputs.Judge(graph, inputs).Is(out var declared, out var refusal)
            ? Judge(declared, inputs!)
            : refusal;

    /// <summary>Judges the numbers of inputs that are here.</summary>
    public static Outcome<ValidInputs> Judge(
        DeclaredInputs declared, IReadOnlyDictionary<string, TensorPayload> inputs)
    {
        var valid = new ValidInputs(declared);
        try
        {
            foreach (var input in declared.Inputs)
            {
                if (input.Numbers.Convert(inputs[input.Name].Data.Span, input.GraphDtype, out var data) is { } refusal)
                {
                    valid.Dispose();
                    return refusal;
                }

                valid.Add(input, data);
            }

            return valid;
        }
        catch
        {
            valid.Dispose();
            throw;
        }
    }

    /// <summary>Takes over inputs that came piece by piece, in the order of their declaration.</summary>
    public static Outcome<ValidInputs> Judge(DeclaredInputs declared, IReadOnlyList<ArrivingRows> arrived)
    {
        var valid = new ValidInputs(declared);
        for (var i = 0; i < arrived.Count; i++)
        {
            if (arrived[i].Take(out var data) is { } refusal)
            {
                valid.Dispose();
                return refusal;
            }

            valid.Add(declared.Inputs[i], data);
        }

        return valid;
    }

    /// <summary>Gives their memory back; nobody runs them any more.</summary>
    public void Dispose()
    {
        _rented.ForEach(static room => room.Return());
        _rented.Clear();
        _tensors.Clear();
    }

    private void Add(DeclaredInput input, TensorRoom data)
    {
        _rented.Add(data);
        _tensors.Add(input.Name, new TensorPayload(input.GraphDtype.WireName(), input.Shape, data.Memory));
    }
}
