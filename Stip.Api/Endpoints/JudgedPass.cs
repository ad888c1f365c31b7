using Stip.Api.Engine.Forward;

namespace Stip.Api.Endpoints;

/// <summary>A pass whose declaration was judged.</summary>
/// <param name="Model">A hosted one.</param>
/// <param name="Host">Of its graph.</param>
/// <param name="Declared">Its inputs.</param>
/// <param name="Rows">What it is worth.</param>
internal sealed record JudgedPass(string Model, ForwardHost Host, DeclaredInputs Declared, int Rows);
