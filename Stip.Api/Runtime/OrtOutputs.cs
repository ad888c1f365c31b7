using Microsoft.ML.OnnxRuntime;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>What a pass left, in ONNX Runtime's own memory.</summary>
internal sealed class OrtOutputs : IDisposable
{
    private readonly IDisposableReadOnlyCollection<OrtValue> _results;
    private readonly List<OrtMemory> _memories = [];

    private OrtOutputs(IDisposableReadOnlyCollection<OrtValue> results) => _results = results;

    /// <param name="names">Of the outputs.</param>
    /// <param name="results">Of these names; owned from here on.</param>
    /// <param name="inputs">Of the pass. A graph may give an input back as it is, and inputs do not last.</param>
    public static PassOutputs Of(
        IReadOnlyList<string> names, IDisposableReadOnlyCollection<OrtValue> results, TensorPayload[] inputs)
    {
        var outputs = new OrtOutputs(results);
        try
        {
            return new PassOutputs(
                names.Zip(results).ToDictionary(
                    pair => pair.First, pair => outputs.Of(pair.Second, inputs), StringComparer.Ordinal),
                outputs);
        }
        catch
        {
            outputs.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _memories.ForEach(memory => memory.Forget());
        _results.Dispose();
    }

    private TensorPayload Of(OrtValue value, TensorPayload[] inputs)
    {
        var info = value.GetTensorTypeAndShape();
        var dtype = OrtDtypes.FromOrt(info.ElementDataType)
            ?? throw new GraphRefusedException(
                $"an output has type {info.ElementDataType}, which the wire does not carry");
        // Only where the graph's own words on its outputs say too little to tell before it runs.
        if (info.ElementCount > Array.MaxLength / dtype.ByteSize())
        {
            throw new InvalidDataException("the pass's outputs are larger than an answer can be");
        }

        var memory = new OrtMemory(value);
        _memories.Add(memory);
        return new TensorPayload(
            dtype.WireName(), info.Shape,
            inputs.Any(input => memory.BeginsIn(input.Data.Span)) ? memory.GetSpan().ToArray() : memory.Memory);
    }
}
