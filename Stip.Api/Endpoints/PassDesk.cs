using Stip.Api.Endpoints.Authentication;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Endpoints.Limits;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Api.Registry;
using Stip.Protocol.Errors;
using Stip.Protocol.Forward;

namespace Stip.Api.Endpoints;

/// <summary>Finds the graph of a pass, judges the pass and runs it.</summary>
internal sealed class PassDesk(ModelRegistry registry, KeyLimits limits, EngineMetrics metrics, TimeProvider clock)
{
    /// <summary>Judges what a request says of its inputs; their data is not looked at.</summary>
    public Outcome<JudgedPass> Judge(HttpContext context, ForwardRequest request)
    {
        var key = context.ApiKey();
        if (registry.Find(request.Model) is not { } model || !key.Allows(model.Id))
        {
            return registry.NotFound("there is no such model for this key", "model");
        }

        context.Features.Set(new StepTrace(model.Id, 0, null));
        var role = request.Graph ?? (model.Forwards.Count == 1 ? model.Forwards.Keys.First() : null);
        if (role is null || !model.Forwards.TryGetValue(role, out var host))
        {
            var known = model.Forwards.Count == 0 ? "none" : string.Join(", ", model.Forwards.Keys);
            return new Refusal(
                StipErrorCode.UnsupportedParameter,
                $"graph '{Quoted.Text(request.Graph)}' is not one of this model's: {known}", "graph");
        }

        if (!DeclaredInputs.Judge(host.Graph, request.Inputs).Is(out var declared, out var refusal))
        {
            return refusal;
        }

        if (!WantedRows.Judge(request, declared).Is(out var wanted, out refusal))
        {
            return refusal;
        }

        if (ForwardSizes.TokensBeyond(model.Manifest, declared) is { } tokens)
        {
            return new Refusal(
                StipErrorCode.ContextLengthExceeded,
                $"{tokens} tokens are more than the {model.Manifest.ContextLength} of model '{model.Id}'", "inputs");
        }

        var rows = ForwardSizes.Rows(declared, model.Manifest.HiddenSize);
        if (limits.TakeTokens(key, rows) is { } tooMany)
        {
            return tooMany;
        }

        context.Features.Set(new StepTrace(model.Id, rows, null));
        return new JudgedPass(model.Manifest, host, declared, rows, wanted);
    }

    public async Task<Outcome<PassAnswer>> RunAsync(HttpContext context, PreparedPass pass)
    {
        var (package, host, _, rows, wanted) = pass.Judged;
        var outcome = await host.RunAsync(
            context.ApiKey().Id, pass.Inputs, wanted.Share, context.RequestAborted);
        if (!outcome.Is(out var answer, out var refusal))
        {
            return refusal;
        }

        metrics.CountPass(package.Model, rows, answer.Times);
        StepSpans.RecordPass(package.Model, rows, answer.Times, clock);
        if (wanted.AreAll)
        {
            return answer;
        }

        using (answer) // whose other rows no slow reader holds
        {
            return answer with { Outputs = answer.Outputs.Share(wanted.Of(answer.Outputs.Tensors)) };
        }
    }
}
