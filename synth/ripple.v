// Sums of full adders whose carry ripples, the smallest there are; Yosys' own are faster and larger.
(* techmap_celltype = "$fa" *)
module full_adders (A, B, C, X, Y);
    parameter WIDTH = 1;
    input [WIDTH-1:0] A, B, C;
    output [WIDTH-1:0] X, Y;
    FA adder [WIDTH-1:0] (.A(A), .B(B), .CI(C), .S(Y), .CO(X));
endmodule

(* techmap_celltype = "$lcu" *)
module ripple (P, G, CI, CO);
    parameter WIDTH = 1;
    input [WIDTH-1:0] P, G;
    input CI;
    output [WIDTH-1:0] CO;
    wire [WIDTH:0] carry = {G | (P & carry[WIDTH-1:0]), CI};
    assign CO = carry[WIDTH:1];
endmodule
