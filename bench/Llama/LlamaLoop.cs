using System.Diagnostics;
using System.Text;

namespace Stip.Bench.Llama;

/// <summary>A bare loop over llama.cpp: so many sequences in one batch call a step.</summary>
internal sealed unsafe class LlamaLoop : IDisposable
{
    private const int MostRows = 512;
    private readonly LlamaNatives _natives;
    private readonly nint _model;
    private readonly nint _context;
    private LlamaBatch _batch;

    /// <param name="natives">The libraries.</param>
    /// <param name="file">A GGUF file.</param>
    /// <param name="sequences">Sequences at once.</param>
    /// <param name="length">Most tokens of each.</param>
    public LlamaLoop(LlamaNatives natives, string file, int sequences, int length)
    {
        _natives = natives;
        Sequences = sequences;
        var model = ((delegate* unmanaged[Cdecl]<LlamaParameters>)natives.Export("llama_model_default_params"))();
        fixed (byte* path = Encoding.UTF8.GetBytes(file + '\0'))
        {
            _model = ((delegate* unmanaged[Cdecl]<byte*, LlamaParameters, nint>)
                natives.Export("llama_model_load_from_file"))(path, model);
        }

        var settings = ((delegate* unmanaged[Cdecl]<LlamaParameters>)natives.Export("llama_context_default_params"))();
        settings.ContextLength = (uint)((length + 255) / 256 * 256 * sequences);
        (settings.BatchSize, settings.MicroBatchSize) = (MostRows, MostRows);
        settings.Sequences = (uint)sequences;
        _context = _model == 0 ? 0 : ((delegate* unmanaged[Cdecl]<nint, LlamaParameters, nint>)
            natives.Export("llama_init_from_model"))(_model, settings);
        if (_context == 0)
        {
            throw new InvalidOperationException($"llama.cpp cannot load {file}");
        }

        var threads = Environment.ProcessorCount;
        ((delegate* unmanaged[Cdecl]<nint, int, int, void>)natives.Export("llama_set_n_threads"))(
            _context, threads, threads);
        _batch = ((delegate* unmanaged[Cdecl]<int, int, int, LlamaBatch>)natives.Export("llama_batch_init"))(
            MostRows, 0, 1);
    }

    public int Sequences { get; }

    /// <summary>One prompt in the first sequence; tokens a second.</summary>
    public double Prefill(int tokens)
    {
        Clear();
        var start = Stopwatch.GetTimestamp();
        for (var from = 0; from < tokens; from += MostRows)
        {
            var count = Math.Min(MostRows, tokens - from);
            for (var i = 0; i < count; i++)
            {
                Set(i, from + i, sequence: 0, wantsLogits: from + i == tokens - 1);
            }

            Run(count);
        }

        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A prompt in every sequence, then one token a step in all of them; tokens a second of the steps.
    /// </summary>
    public double Decode(int promptTokens, int tokens)
    {
        Clear();
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            for (var i = 0; i < promptTokens; i++)
            {
                Set(i, i, sequence, wantsLogits: i == promptTokens - 1);
            }

            Run(promptTokens);
        }

        var start = Stopwatch.GetTimestamp();
        for (var step = 0; step < tokens; step++)
        {
            for (var sequence = 0; sequence < Sequences; sequence++)
            {
                Set(sequence, promptTokens + step, sequence, wantsLogits: true);
            }

            Run(Sequences);
        }

        return (double)Sequences * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        ((delegate* unmanaged[Cdecl]<LlamaBatch, void>)_natives.Export("llama_batch_free"))(_batch);
        ((delegate* unmanaged[Cdecl]<nint, void>)_natives.Export("llama_free"))(_context);
        ((delegate* unmanaged[Cdecl]<nint, void>)_natives.Export("llama_model_free"))(_model);
    }

    private void Clear()
    {
        var memory = ((delegate* unmanaged[Cdecl]<nint, nint>)_natives.Export("llama_get_memory"))(_context);
        ((delegate* unmanaged[Cdecl]<nint, byte, void>)_natives.Export("llama_memory_clear"))(memory, 0);
    }

    private void Set(int row, int position, int sequence, bool wantsLogits)
    {
        _batch.Tokens[row] = (position * 37 + sequence * 11) % 1021;
        _batch.Positions[row] = position;
        _batch.SequenceCounts[row] = 1;
        _batch.Sequences[row][0] = sequence;
        _batch.WantsLogits[row] = wantsLogits ? (sbyte)1 : (sbyte)0;
    }

    private void Run(int count)
    {
        _batch.Count = count;
        var code = ((delegate* unmanaged[Cdecl]<nint, LlamaBatch, int>)_natives.Export("llama_decode"))(
            _context, _batch);
        if (code != 0)
        {
            throw new InvalidOperationException($"llama_decode answered {code}");
        }

        ((delegate* unmanaged[Cdecl]<nint, void>)_natives.Export("llama_synchronize"))(_context);
    }
}
