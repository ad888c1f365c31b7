using Microsoft.ML.OnnxRuntime;

namespace Stip.Api.Runtime;

/// <summary>What is kept of a source: the encoder's states until the decoder's first step, then what that made of them.
/// Immutable but for that; slots that began as one another share it. Touched by the model's loop only.</summary>
/// <param name="rows">Of the source.</param>
/// <param name="mask">Ones, int64 <c>[1, rows]</c>: every row counts.</param>
/// <param name="states">The encoder's, <c>[1, rows, hidden]</c>.</param>
internal sealed class ReadSource(int rows, OrtValue mask, OrtValue states)
{
    private int _holders = 1;
    private OrtValue? _states = states;

    public int Rows { get; } = rows;

    /// <summary>Rows of the tensors, those that the mask leaves out among them.</summary>
    public int KeptRows { get; private set; } = rows;

    public OrtValue Mask { get; private set; } = mask;

    /// <summary>For the first step, and where one graph is all steps for later ones.</summary>
    public OrtValue States => _states ?? throw new InvalidOperationException("the first step is over");

    /// <summary>For later steps, in the manifest's order.</summary>
    public IReadOnlyList<OrtValue> Cross { get; private set; } = [];

    /// <summary>Puts what the first step gave in the place of the states, or beside them.</summary>
    public void Keep(IReadOnlyList<OrtValue> cross, bool keepsStates)
    {
        Cross = cross;
        if (!keepsStates)
        {
            Zero(_states);
            _states = null;
        }
    }

    /// <summary>Puts longer tensors in the place of those for later steps: all of them or, where memory runs out,
    /// none.</summary>
    /// <param name="keptRows">Their rows.</param>
    /// <param name="longerMask">Zeros behind the source's rows; owned from here on, whatever happens.</param>
    /// <param name="lengthen">Makes a longer copy of the states, or of one of what the first step gave.</param>
    public void Lengthen(int keptRows, OrtValue longerMask, Func<OrtValue, int?, OrtValue> lengthen)
    {
        var longer = new List<OrtValue>(Cross.Count + 1);
        try
        {
            if (_states is not null)
            {
                longer.Add(lengthen(_states, null));
            }

            for (var i = 0; i < Cross.Count; i++)
            {
                longer.Add(lengthen(Cross[i], i));
            }
        }
        catch
        {
            longer.ForEach(Zero);
            longerMask.Dispose();
            throw;
        }

        var (mask, states, cross) = (Mask, _states, Cross);
        (KeptRows, Mask) = (keptRows, longerMask);
        _states = states is null ? null : longer[0];
        Cross = states is null ? longer : longer[1..];
        mask.Dispose();
        Zero(states);
        foreach (var value in cross)
        {
            Zero(value);
        }
    }

    public ReadSource Share()
    {
        _holders++;
        return this;
    }

    /// <summary>Zeroes and frees it once nobody holds it.</summary>
    public void Release()
    {
        if (--_holders > 0)
        {
            return;
        }

        Mask.Dispose();
        Zero(_states);
        _states = null;
        foreach (var value in Cross)
        {
            Zero(value);
        }

        Cross = [];
    }

    private static void Zero(OrtValue? value)
    {
        value?.GetTensorMutableRawData().Clear();
        value?.Dispose();
    }
}
